package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Op;

/** A graph of one operation, with its data: what the tests of the host kernels run. */
final class OneOp {
  private record Operand(String name, DType dtype, Object data, int[] dims) {}

  private final Op op;
  private final List<Operand> reads = new ArrayList<>();
  private final List<Operand> writes = new ArrayList<>();

  OneOp(Op op) {
    this.op = op;
  }

  /** A value that is read. */
  OneOp in(String name, float[] data, int... dims) {
    reads.add(new Operand(name, DType.F32, data, dims));
    return this;
  }

  /** Integers that are read. */
  OneOp in(String name, int[] data, int... dims) {
    reads.add(new Operand(name, DType.I32, data, dims));
    return this;
  }

  /** A value that is written, filled with NaN before. */
  OneOp out(String name, int... dims) {
    int n = (int) org.foretoken.kernels.graph.Shape.of(dims).elements();
    float[] data = new float[n];
    java.util.Arrays.fill(data, Float.NaN);
    return update(name, data, dims);
  }

  /** A value that is updated. */
  OneOp update(String name, float[] data, int... dims) {
    writes.add(new Operand(name, DType.F32, data, dims));
    return this;
  }

  /** A bfloat16 value that is updated. */
  OneOp update(String name, short[] data, int... dims) {
    writes.add(new Operand(name, DType.BF16, data, dims));
    return this;
  }

  /** Runs on {@code threads} threads. */
  Result run(int threads) {
    try (HostPool pool = new HostPool(threads);
        HostBackend backend = new HostBackend(pool, false)) {
      Graph graph = new Graph("one");
      List<Tensor> in = declare(graph, reads, Role.INPUT);
      List<Tensor> out = declare(graph, writes, Role.OUTPUT);
      graph.add("op", op, in, out);
      var executable = backend.compile(graph);
      for (List<Operand> side : List.of(reads, writes)) {
        for (Operand x : side) {
          backend.upload(x.name, segment(x.data));
        }
      }
      executable.run();
      Map<String, float[]> floats = new LinkedHashMap<>();
      Map<String, short[]> shorts = new LinkedHashMap<>();
      for (Operand x : writes) {
        MemorySegment s = backend.segment(x.name);
        if (x.dtype == DType.BF16) {
          shorts.put(x.name, s.toArray(ValueLayout.JAVA_SHORT));
        } else {
          floats.put(x.name, s.toArray(ValueLayout.JAVA_FLOAT));
        }
      }
      return new Result(floats, shorts);
    }
  }

  private static List<Tensor> declare(Graph graph, List<Operand> operands, Role role) {
    return operands.stream().map(x -> graph.declare(x.name, x.dtype, role, x.dims)).toList();
  }

  private static MemorySegment segment(Object data) {
    return switch (data) {
      case float[] f -> MemorySegment.ofArray(f);
      case int[] i -> MemorySegment.ofArray(i);
      case short[] s -> MemorySegment.ofArray(s);
      default -> throw new AssertionError(data);
    };
  }

  /** What an operation wrote. */
  record Result(Map<String, float[]> floats, Map<String, short[]> shorts) {
    float[] get(String name) {
      return floats.get(name);
    }

    short[] bf16(String name) {
      return shorts.get(name);
    }

    /** The bits of a value, so that comparisons tell zeros and NaNs apart. */
    int[] bits(String name) {
      float[] f = floats.get(name);
      int[] bits = new int[f.length];
      for (int i = 0; i < f.length; i++) {
        bits[i] = Float.floatToRawIntBits(f[i]);
      }
      return bits;
    }
  }

  /** Normal deviates times {@code scale}. */
  static float[] random(long seed, int n, double scale) {
    Random random = new Random(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) (scale * random.nextGaussian());
    }
    return x;
  }

  /** Rows {@code [from, to)} of a matrix. */
  static float[] rows(float[] x, int columns, int from, int to) {
    return java.util.Arrays.copyOfRange(x, from * columns, to * columns);
  }
}
