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
    return () -> multiply(pool, op.layout(), op.precision(), accumulate, m, n, k, a, b, c);
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
