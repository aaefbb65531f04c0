package org.foretoken.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.CachedAttention;
import org.junit.jupiter.api.Test;

/** Cached attention gives the bits of the same row of packed attention, wherever it lies. */
class DeviceAttentionTest {
  private static final int HEADS = 2;
  private static final int DIM = 24;
  private static final int VALUE = 17;
  private static final int[] DOCUMENTS = {5, 70, 1, 40};

  @Test
  void headsTooWideForLocalMemoryAreRefusedInOneLine() {
    Graph graph = new Graph("wide");
    graph.add(
        "attention",
        new Attention(1, 1, 250, 128, 0.1f),
        List.of(
            graph.declare("q", DType.F32, Role.INPUT, 3, 250),
            graph.declare("k", DType.F32, Role.INPUT, 3, 250),
            graph.declare("v", DType.F32, Role.INPUT, 3, 128),
            graph.declare("firstRow", DType.I32, Role.INPUT, 3)),
        List.of(
            graph.declare("o", DType.F32, Role.OUTPUT, 3, 128),
            graph.declare("lse", DType.F32, Role.OUTPUT, 3, 1)));
    try (DeviceBackend device = DeviceBackend.open("emulator")) {
      assertThatThrownBy(() -> device.compile(graph).run())
          .isInstanceOf(DeviceException.class)
          .hasMessageContaining("'attention': heads of 250 and values of 128 take 52416 bytes")
          .hasMessageContaining("--device host");
    }
  }

  @Test
  void cachedRowsHaveTheBitsOfPackedRows() {
    int rows = Arrays.stream(DOCUMENTS).sum();
    int[] firstRow = new int[rows];
    int at = 0;
    for (int length : DOCUMENTS) {
      Arrays.fill(firstRow, at, at + length, at);
      at += length;
    }
    float[] q = random(1, rows * HEADS * DIM);
    float[] k = random(2, rows * DIM);
    float[] v = random(3, rows * VALUE);

    Graph packed = new Graph("packed");
    Tensor o = packed.declare("o", DType.F32, Role.OUTPUT, rows, HEADS * VALUE);
    packed.add(
        "attention",
        new Attention(HEADS, 1, DIM, VALUE, 0.3f),
        List.of(
            packed.declare("q", DType.F32, Role.INPUT, rows, HEADS * DIM),
            packed.declare("k", DType.F32, Role.INPUT, rows, DIM),
            packed.declare("v", DType.F32, Role.INPUT, rows, VALUE),
            packed.declare("firstRow", DType.I32, Role.INPUT, rows)),
        List.of(o, packed.declare("lse", DType.F32, Role.OUTPUT, rows, HEADS)));

    int offset = 11; // the cache holds the same rows further down
    int capacity = rows + offset;
    Graph cached = new Graph("cached");
    Tensor co = cached.declare("co", DType.F32, Role.OUTPUT, rows, HEADS * VALUE);
    cached.add(
        "attention",
        new CachedAttention(HEADS, 1, DIM, VALUE, 0.3f),
        List.of(
            cached.declare("q", DType.F32, Role.INPUT, rows, HEADS * DIM),
            cached.declare("keys", DType.F32, Role.INPUT, capacity, DIM),
            cached.declare("values", DType.F32, Role.INPUT, capacity, VALUE),
            cached.declare("begins", DType.I32, Role.INPUT, rows),
            cached.declare("ends", DType.I32, Role.INPUT, rows)),
        List.of(co));

    int[] begins = new int[rows];
    int[] ends = new int[rows];
    for (int i = 0; i < rows; i++) {
      begins[i] = firstRow[i] + offset;
      ends[i] = i + 1 + offset;
    }
    try (DeviceBackend device = new DeviceBackend()) {
      var a = device.compile(packed);
      var b = device.compile(cached);
      device.upload("q", MemorySegment.ofArray(q));
      device.upload("k", MemorySegment.ofArray(k));
      device.upload("v", MemorySegment.ofArray(v));
      device.upload("firstRow", MemorySegment.ofArray(firstRow));
      device.upload("keys", MemorySegment.ofArray(shifted(k, offset * DIM)));
      device.upload("values", MemorySegment.ofArray(shifted(v, offset * VALUE)));
      device.upload("begins", MemorySegment.ofArray(begins));
      device.upload("ends", MemorySegment.ofArray(ends));
      a.run();
      b.run();
      float[] expected = new float[rows * HEADS * VALUE];
      float[] found = new float[expected.length];
      device.download("o", MemorySegment.ofArray(expected));
      device.download("co", MemorySegment.ofArray(found));
      assertThat(found).isEqualTo(expected);
    }
  }

  private static float[] shifted(float[] x, int by) {
    float[] y = new float[x.length + by];
    Arrays.fill(y, 0, by, 100f);
    System.arraycopy(x, 0, y, by, x.length);
    return y;
  }

  private static float[] random(long seed, int n) {
    Random random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextGaussian();
    }
    return x;
  }
}
