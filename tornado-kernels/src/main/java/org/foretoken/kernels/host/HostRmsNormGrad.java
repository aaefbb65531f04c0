package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

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
  private final long x; // [rows, columns]
  private final long weight; // [columns]
  private final long rstd; // [rows]
  private final long dy; // [rows, columns]
  private final long dx; // [rows, columns]
  private final long dWeight; // [columns]
  private final int rows;
  private final int columns;
  private final int stride; // columns rounded up to whole vectors
  private final float[] partial; // [blocks, stride]
  private final HostPool.Range body = this::blocks;

  HostRmsNormGrad(HostOperands operands, HostPool pool) {
    this.pool = pool;
    x = operands.readAddress(0);
    weight = operands.readAddress(1);
    rstd = operands.readAddress(2);
    dy = operands.readAddress(3);
    dx = operands.writeAddress(0);
    dWeight = operands.writeAddress(1);
    rows = operands.in(0).rows();
    columns = operands.in(0).columns();
    stride = Math.ceilDiv(columns, LANES) * LANES;
    partial = new float[Math.multiplyExact(Math.ceilDiv(rows, BLOCK), stride)];
  }

  @Override
  public void run() {
    int blocks = Math.ceilDiv(rows, BLOCK);
    pool.parallelFor(blocks, 1, body);
    for (int b = 1; b < blocks; b++) {
      add(partial, b * stride, partial, stride);
    }
    addToMemory(partial, dWeight, columns);
  }

  private static void add(float[] x, int at, float[] sum, int n) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector s = FloatVector.fromArray(F, sum, i);
      s.add(FloatVector.fromArray(F, x, at + i)).intoArray(sum, i);
    }
  }

  private static void addToMemory(float[] x, long sum, int n) {
    for (int i = 0; i < n; i += LANES) {
      VectorMask<Float> m = HostMath.first(n - i);
      store(load(sum + 4L * i, m).add(FloatVector.fromArray(F, x, i)), sum + 4L * i, m);
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
    long at = 4L * i * columns;
    float r = HostMath.getFloat(rstd + 4L * i);
    float mean = dot(x + at, dy + at, weight, columns) / columns * r * r;
    int c = 0;
    for (; c < F.loopBound(columns); c += LANES) {
      long o = at + 4L * c;
      FloatVector xs = load(x + o);
      FloatVector d = load(dy + o);
      store(gradient(xs, d, load(weight + 4L * c), r, mean), dx + o);
      accumulate(xs, d, r, partial, sums + c);
    }
    if (c < columns) {
      rowLast(at + 4L * c, c, r, mean, sums);
    }
  }

  private void rowLast(long o, int c, float r, float mean, int sums) {
    VectorMask<Float> m = HostMath.first(columns - c);
    FloatVector xs = load(x + o, m);
    FloatVector d = load(dy + o, m);
    store(gradient(xs, d, load(weight + 4L * c, m), r, mean), dx + o, m);
    accumulate(xs, d, r, partial, sums + c);
  }

  private static FloatVector gradient(
      FloatVector x, FloatVector dy, FloatVector weight, float r, float mean) {
    return dy.mul(weight).sub(x.mul(mean)).mul(r);
  }

  private static void accumulate(FloatVector x, FloatVector dy, float r, float[] sums, int at) {
    x.mul(r).fma(dy, FloatVector.fromArray(F, sums, at)).intoArray(sums, at);
  }

  /** Sum of x * dy * weight over a row. */
  private static float dot(long x, long dy, long weight, int n) {
    FloatVector sum = FloatVector.zero(F);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = 4L * i;
      sum = load(x + o).fma(load(dy + o).mul(load(weight + o)), sum);
    }
    float total = HostMath.sum(sum);
    return i < n ? total + dotLast(x + 4L * i, dy + 4L * i, weight + 4L * i, n - i) : total;
  }

  private static float dotLast(long x, long dy, long weight, int n) {
    VectorMask<Float> m = HostMath.first(n);
    return HostMath.sum(load(x, m).mul(load(dy, m).mul(load(weight, m))));
  }
}
