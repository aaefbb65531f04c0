package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.ExpertFp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.Tile;

/** An FP8 product for each expert on its own rows, on {@link HostFp8Gemm}. */
final class HostExpertFp8MatMul extends HostExpertProduct {
  private final ExpertFp8MatMul op;
  private final HostOperands x;
  private final MemorySegment c; // [rows, columns], or a stack
  private final int out;
  private final int in;
  private final HostExpertWeights packed;

  HostExpertFp8MatMul(ExpertFp8MatMul op, HostOperands x, HostPool pool) {
    super(
        x,
        pool,
        4,
        x.in(0).rows(),
        HostExpertMatMul.work(stack(op.layout(), x)),
        op.layout() == Layout.TN);
    this.op = op;
    this.x = x;
    c = x.write(0);
    Tensor stack = stack(op.layout(), x);
    out = stack.shape().dim(1);
    in = stack.shape().dim(2);
    boolean e4m3 = x.in(0).dtype() == DType.E4M3 && x.in(2).dtype() == DType.E4M3;
    boolean few = op.layout() == Layout.NT && !op.accumulate() && e4m3;
    packed = few ? HostExpertWeights.ofFp8(x, 2, x.in(0).rows()) : null;
  }

  private static Tensor stack(Layout layout, HostOperands x) {
    return layout == Layout.TN ? x.out(0) : x.in(2);
  }

  @Override
  void prepare() {
    if (packed != null) {
      packed.prepare(segments);
    }
  }

  @Override
  void expert(int expert, int first, int rows) {
    boolean add = op.accumulate();
    switch (op.layout()) {
      case NT -> {
        HostFp8Gemm.Operand rowCodes = rows(first, rows, in);
        MemorySegment y = c.asSlice(4L * first * out, 4L * rows * out);
        if (packed != null) {
          packed.of(expert).multiplyFp8(pool, rowCodes.codes(), rowCodes.scales(), y, rows);
        } else {
          HostFp8Gemm.nt(pool, rowCodes, matrix(expert), y, rows, out, in, add);
        }
      }
      case NN -> {
        MemorySegment dx = c.asSlice(4L * first * in, 4L * rows * in);
        HostFp8Gemm.nn(pool, rows(first, rows, out), matrix(expert), dx, rows, in, out, add);
      }
      case TN -> {
        long size = 4L * out * in;
        HostFp8Gemm.tn(
            pool,
            columns(0, expert, first, rows, out),
            columns(2, expert, first, rows, in),
            c.asSlice(expert * size, size),
            out,
            in,
            rows,
            add);
      }
    }
  }

  /** Rows of the first operand with their 1x128 scales. */
  private HostFp8Gemm.Operand rows(int first, int rows, int columns) {
    long groups = Math.ceilDiv(columns, Tile.SIZE);
    return new HostFp8Gemm.Operand(
        x.read(0).asSlice((long) first * columns, (long) rows * columns),
        format(0),
        x.read(1).asSlice(4L * first * groups, 4L * rows * groups),
        1,
        Tile.SIZE);
  }

  /** Rows of operand {@code i} with their 128x1 scales. */
  private HostFp8Gemm.Operand columns(int i, int expert, int first, int rows, int columns) {
    long tiles = Math.ceilDiv(rows, Tile.SIZE);
    return new HostFp8Gemm.Operand(
        x.read(i).asSlice((long) first * columns, (long) rows * columns),
        format(i),
        x.read(i + 1).asSlice(4L * segments.tile(expert) * columns, 4 * tiles * columns),
        Tile.SIZE,
        1);
  }

  /** An expert's weight with its 128x128 scales. */
  private HostFp8Gemm.Operand matrix(int expert) {
    long size = (long) out * in;
    long blocks = (long) Math.ceilDiv(out, Tile.SIZE) * Math.ceilDiv(in, Tile.SIZE);
    return new HostFp8Gemm.Operand(
        x.read(2).asSlice(expert * size, size),
        format(2),
        x.read(3).asSlice(4L * expert * blocks, 4 * blocks),
        Tile.SIZE,
        Tile.SIZE);
  }

  private HostFp8Gemm.Format format(int i) {
    return x.in(i).dtype() == DType.E5M2 ? HostFp8Gemm.Format.E5M2 : HostFp8Gemm.Format.E4M3;
  }
}
