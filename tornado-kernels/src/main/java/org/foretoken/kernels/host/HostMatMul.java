package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;

/** c = (c +) the product of a and b, on {@link HostGemm}. */
final class HostMatMul {
  private HostMatMul() {}

  /** Binds the operation. */
  static Runnable of(MatMul op, HostOperands x, HostPool pool) {
    int m = x.out(0).rows();
    int n = x.out(0).columns();
    int k = op.layout() == Layout.TN ? x.in(0).rows() : x.in(0).columns();
    MemorySegment a = x.read(0);
    MemorySegment b = x.read(1);
    MemorySegment c = x.write(0);
    boolean accumulate = op.accumulate();
    if (op.layout() == Layout.NT && !accumulate && HostWeights.packable(x, 1, m)) {
      return onPackedWeight(op.precision(), x, pool, m);
    }
    return () -> multiply(pool, op.layout(), op.precision(), accumulate, m, n, k, a, b, c);
  }

  /** Few rows on a resident weight, as in decoding: the same bits from a packed copy. */
  private static Runnable onPackedWeight(
      Precision precision, HostOperands x, HostPool pool, int m) {
    boolean bf16 = precision == Precision.BF16;
    HostWeights.Kind kind = bf16 ? HostWeights.Kind.BF16 : HostWeights.Kind.F32;
    HostGemm.Operand type = bf16 ? HostGemm.Operand.F32_AS_BF16 : HostGemm.Operand.F32;
    HostWeights weights = x.weights();
    long[] version = weights.version(x.in(1).name());
    MemorySegment a = x.read(0);
    MemorySegment b = x.read(1);
    MemorySegment c = x.write(0);
    return () -> weights.packed(x.in(1), kind, version, b, null).multiply(pool, a, type, c, m);
  }

  /** c[m, n] = (c +) a b with a and b laid out as {@code layout} says. */
  static void multiply(
      HostPool pool,
      Layout layout,
      Precision precision,
      boolean accumulate,
      int m,
      int n,
      int k,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c) {
    HostGemm.Operand type =
        precision == Precision.BF16 ? HostGemm.Operand.F32_AS_BF16 : HostGemm.Operand.F32;
    switch (layout) {
      case NT -> HostGemm.nt(pool, a, b, c, m, n, k, accumulate, type, type);
      case NN -> HostGemm.nn(pool, a, b, c, m, n, k, accumulate, type, type);
      case TN -> HostGemm.tn(pool, a, b, c, m, n, k, accumulate, type, type);
    }
  }
}
