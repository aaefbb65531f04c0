package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * dx = rstd * (dy*weight - x * rstd^2 * mean(dy*weight*x)); dWeight += sum over rows of dy * x *
 * rstd.
 *
 * <p>The weight's gradient is summed over blocks of {@value #BLOCK} rows and then over the blocks
 * in order, so that its bits do not depend on the number of threads.
 */
final class HostRmsNormGrad implements Runnable {
  private static final int BLOCK = 64;

  private final HostPool pool;
  private final MemorySegment x; // [rows, columns]
  private final MemorySegment weight; // [columns]
  private final MemorySegment rstd; // [rows]
  private final MemorySegment dy; // [rows, columns]
  private final MemorySegment dx; // [rows, columns]
  private final MemorySegment dWeight; // [columns]
  private final int rows;
  private final int columns;
  private final int stride; // columns rounded up to whole vectors
  private final float[] partial; // [blocks, stride]
  private final HostPool.Range body = this::blocks;

  HostRmsNormGrad(HostOperands operands, HostPool pool) {
    this.pool = pool;
    x = operands.read(0);
    weight = operands.read(1);
    rstd = operands.read(2);
    dy = operands.read(3);
    dx = operands.write(0);
    dWeight = operands.write(1);
    rows = operands.in(0).rows();
    columns = operands.in(0).columns();
    stride = Math.ceilDiv(columns, LANES) * LANES;
    partial = new float[Math.multiplyExact(Math.ceilDiv(rows, BLOCK), stride)];
  }

  @Override
  public void run() {
    int blocks = Math.ceilDiv(rows, BLOCK);
    pool.parallelFor(blocks, 1, body);
    for (int c = 0; c < columns; c += LANES) {
      FloatVector sum = FloatVector.zero(F);
      for (int b = 0; b < blocks; b++) {
        sum = sum.add(FloatVector.fromArray(F, partial, b * stride + c));
      }
      VectorMask<Float> m = HostMath.first(columns - c);
      long o = (long) c << 2;
      store(load(dWeight, o, m).add(sum), dWeight, o, m);
    }
  }

  private void blocks(int from, int to) {
    for (int b = from; b < to; b++) {
      java.util.Arrays.fill(partial, b * stride, (b + 1) * stride, 0f);
      int end = Math.min(rows, (b + 1) * BLOCK);
      for (int i = b * BLOCK; i < end; i++) {
        row(i, b * stride);
      }
    }
  }

  private void row(int i, int sums) {
    long at = (long) i * columns << 2;
    float r = rstd.get(ValueLayout.JAVA_FLOAT, (long) i << 2);
    float dot = dot(x, dy, weight, at, columns);
    float mean = dot / columns * r * r;
    int c = 0;
    for (; c < F.loopBound(columns); c += LANES) {
      long o = (long) c << 2;
      FloatVector xs = load(x, at + o);
      FloatVector d = load(dy, at + o);
      store(gradient(xs, d, load(weight, o), r, mean), dx, at + o);
      accumulate(xs, d, r, partial, sums + c);
    }
    if (c < columns) {
      long o = (long) c << 2;
      VectorMask<Float> m = HostMath.first(columns - c);
      FloatVector xs = load(x, at + o, m);
      FloatVector d = load(dy, at + o, m);
      store(gradient(xs, d, load(weight, o, m), r, mean), dx, at + o, m);
      accumulate(xs, d, r, partial, sums + c);
    }
  }

  private static FloatVector gradient(
      FloatVector x, FloatVector dy, FloatVector weight, float r, float mean) {
    return dy.mul(weight).sub(x.mul(mean)).mul(r);
  }

  private static void accumulate(FloatVector x, FloatVector dy, float r, float[] sums, int at) {
    x.mul(r).fma(dy, FloatVector.fromArray(F, sums, at)).intoArray(sums, at);
  }

  /** Sum of x * dy * weight over a row. */
  private static float dot(
      MemorySegment x, MemorySegment dy, MemorySegment weight, long at, int n) {
    FloatVector sum = FloatVector.zero(F);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = (long) i << 2;
      sum = load(x, at + o).fma(load(dy, at + o).mul(load(weight, o)), sum);
    }
    if (i < n) {
      long o = (long) i << 2;
      VectorMask<Float> m = HostMath.first(n - i);
      sum = load(x, at + o, m).fma(load(dy, at + o, m).mul(load(weight, o, m)), sum);
    }
    return HostMath.sum(sum);
  }
}
