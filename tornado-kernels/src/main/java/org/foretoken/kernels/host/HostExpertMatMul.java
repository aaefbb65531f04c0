package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.ExpertMatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.Precision;

/** A product for each expert on its own rows, on {@link HostGemm}. */
final class HostExpertMatMul extends HostExpertProduct {
  private final ExpertMatMul op;
  private final HostGemm.Operand type;
  private final MemorySegment a; // [rows, aColumns]
  private final MemorySegment b; // a stack, or [rows, bColumns]
  private final MemorySegment c; // [rows, cColumns], or a stack
  private final int out;
  private final int in;
  private final HostExpertWeights packed;

  HostExpertMatMul(ExpertMatMul op, HostOperands x, HostPool pool) {
    super(x, pool, 2, x.in(0).rows(), work(stack(op.layout(), x)), op.layout() == Layout.TN);
    this.op = op;
    type = op.precision() == Precision.BF16 ? HostGemm.Operand.F32_AS_BF16 : HostGemm.Operand.F32;
    a = x.read(0);
    b = x.read(1);
    c = x.write(0);
    Tensor stack = stack(op.layout(), x);
    out = stack.shape().dim(1);
    in = stack.shape().dim(2);
    boolean few = op.layout() == Layout.NT && !op.accumulate();
    packed = few ? HostExpertWeights.of(x, 1, x.in(0).rows(), op.precision()) : null;
  }

  static Tensor stack(Layout layout, HostOperands x) {
    return layout == Layout.TN ? x.out(0) : x.in(1);
  }

  static long work(Tensor stack) {
    return (long) stack.shape().dim(1) * stack.shape().dim(2);
  }

  @Override
  void prepare() {
    if (packed != null) {
      packed.prepare(segments);
    }
  }

  @Override
  void expert(int expert, int first, int rows) {
    switch (op.layout()) {
      case NT -> {
        MemorySegment x = rows(a, first, rows, in);
        MemorySegment y = rows(c, first, rows, out);
        if (packed != null) {
          packed.of(expert).multiply(pool, x, type, y, rows);
        } else {
          HostGemm.nt(pool, x, matrix(b, expert), y, rows, out, in, op.accumulate(), type, type);
        }
      }
      case NN ->
          HostGemm.nn(
              pool,
              rows(a, first, rows, out),
              matrix(b, expert),
              rows(c, first, rows, in),
              rows,
              in,
              out,
              op.accumulate(),
              type,
              type);
      case TN ->
          HostGemm.tn(
              pool,
              rows(a, first, rows, out),
              rows(b, first, rows, in),
              matrix(c, expert),
              out,
              in,
              rows,
              op.accumulate(),
              type,
              type);
    }
  }

  private MemorySegment matrix(MemorySegment stack, int expert) {
    return rows(stack, expert * out, out, in);
  }

  private static MemorySegment rows(MemorySegment x, int first, int rows, int columns) {
    return x.asSlice(4L * first * columns, 4L * rows * columns);
  }
}
