package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.CacheAppend;
import org.foretoken.kernels.op.CachedAttention;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Decoding against a cache that grows, goes back and is written from outside. */
class HostCachedQueryTest {
  private static final int CAPACITY = 330;

  /** A cache that queries and their keys are appended to, {@code rows} at a time. */
  private static final class Decoder implements AutoCloseable {
    private final HostPool pool = new HostPool(2);
    private final HostBackend backend = new HostBackend(pool, false);
    private final int heads;
    private final int kvHeads;
    private final int d;
    private final int e;

    Decoder(int heads, int kvHeads, int d, int e) {
      this.heads = heads;
      this.kvHeads = kvHeads;
      this.d = d;
      this.e = e;
    }

    /** Rows from {@code at} on of a sequence that starts at cache row {@code begin}. */
    int[] run(float[][] data, int at, int rows, int begin) {
      String p = "x" + rows + ".";
      Graph graph = new Graph("decode" + rows);
      Tensor q = graph.declare(p + "q", DType.F32, Role.INPUT, rows, heads * d);
      Tensor k = graph.declare(p + "k", DType.F32, Role.INPUT, rows, kvHeads * d);
      Tensor v = graph.declare(p + "v", DType.F32, Role.INPUT, rows, kvHeads * e);
      Tensor slots = graph.declare(p + "slots", DType.I32, Role.INPUT, rows);
      Tensor begins = graph.declare(p + "begins", DType.I32, Role.INPUT, rows);
      Tensor ends = graph.declare(p + "ends", DType.I32, Role.INPUT, rows);
      Tensor keys = graph.declare("keys", DType.F32, Role.STATE, CAPACITY, kvHeads * d);
      Tensor values = graph.declare("values", DType.F32, Role.STATE, CAPACITY, kvHeads * e);
      Tensor o = graph.declare(p + "o", DType.F32, Role.OUTPUT, rows, heads * e);
      graph.add("k", new CacheAppend(), List.of(k, slots), List.of(keys));
      graph.add("v", new CacheAppend(), List.of(v, slots), List.of(values));
      CachedAttention op = new CachedAttention(heads, kvHeads, d, e, 0.3f);
      graph.add("o", op, List.of(q, keys, values, begins, ends), List.of(o));
      Executable executable = backend.compile(graph);
      put(p + "q", part(data[0], at, rows, heads * d));
      put(p + "k", part(data[1], at, rows, kvHeads * d));
      put(p + "v", part(data[2], at, rows, kvHeads * e));
      int[] slot = new int[rows];
      Arrays.setAll(slot, i -> begin + at + i);
      backend.upload(p + "slots", MemorySegment.ofArray(slot));
      int[] first = new int[rows];
      Arrays.fill(first, begin);
      backend.upload(p + "begins", MemorySegment.ofArray(first));
      backend.upload(
          p + "ends", MemorySegment.ofArray(Arrays.stream(slot).map(i -> i + 1).toArray()));
      executable.run();
      int[] bits = new int[rows * heads * e];
      backend.download(p + "o", MemorySegment.ofArray(bits));
      return bits;
    }

    void put(String tensor, float[] values) {
      backend.upload(tensor, MemorySegment.ofArray(values));
    }

    @Override
    public void close() {
      backend.close();
      pool.close();
    }
  }

  private static float[] part(float[] x, int at, int rows, int width) {
    return Arrays.copyOfRange(x, at * width, (at + rows) * width);
  }

  private static float[][] data(int rows, int heads, int kvHeads, int d, int e, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] data = {
      new float[rows * heads * d], new float[rows * kvHeads * d], new float[rows * kvHeads * e]
    };
    for (float[] x : data) {
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) random.nextGaussian();
      }
    }
    return data;
  }

  @ParameterizedTest
  @CsvSource({"4, 4, 32, 32", "2, 1, 18, 40", "4, 1, 130, 7", "3, 3, 1, 1"})
  void everyWayOfFeedingGivesTheSameBits(int heads, int kvHeads, int d, int e) {
    int n = 200;
    float[][] data = data(n, heads, kvHeads, d, e, 5);
    int width = heads * e;
    try (Decoder whole = new Decoder(heads, kvHeads, d, e);
        Decoder steps = new Decoder(heads, kvHeads, d, e)) {
      int[] all = whole.run(data, 0, n, 0);
      float[][] other = data(n, heads, kvHeads, d, e, 6);
      for (int at = 0; at < n; ) {
        int rows = Math.min(n - at, at == 0 ? 90 : 1 + at % 3);
        // Drafts that turn out wrong, then the right rows in their place.
        steps.run(other, at, rows, 0);
        int[] some = steps.run(data, at, rows, 0);
        assertThat(some)
            .as("rows from %d", at)
            .isEqualTo(Arrays.copyOfRange(all, at * width, (at + rows) * width));
        at += rows;
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"64", "7"})
  void sequencesBesideEachOtherAndUploadsAreSeen(int begin) {
    float[][] data = data(120, 2, 2, 16, 16, 7);
    try (Decoder alone = new Decoder(2, 2, 16, 16);
        Decoder beside = new Decoder(2, 2, 16, 16)) {
      alone.run(data, 0, 100, 0);
      int[] expected = alone.run(data, 100, 1, 0);
      beside.run(data, 0, 5, 0);
      beside.run(data, 0, 100, begin);
      assertThat(beside.run(data, 100, 1, begin)).isEqualTo(expected);
      // Another cache, written from outside.
      float[] keys = new float[CAPACITY * 32];
      System.arraycopy(data[1], 0, keys, begin * 32, 100 * 32);
      for (int i = begin * 32; i < (begin + 50) * 32; i++) {
        keys[i] = -keys[i];
      }
      beside.put("keys", keys);
      int[] changed = beside.run(data, 100, 1, begin);
      assertThat(changed).isNotEqualTo(expected);
      // Three rows a head and more go through tiles, which have no copy of the keys.
      float[][] four = new float[3][];
      for (int i = 0; i < 3; i++) {
        four[i] = Arrays.copyOf(data[i], data[i].length);
      }
      int[] tiles = beside.run(four, 100, 8, begin);
      assertThat(Arrays.copyOf(tiles, changed.length)).isEqualTo(changed);
    }
  }
}
