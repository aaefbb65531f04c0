package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.foretoken.kernels.op.RmsNorm;

/** y = x / sqrt(mean(x^2) + eps) * weight, row by row. */
final class HostRmsNorm implements Runnable {
  private final HostPool pool;
  private final long x; // [rows, columns]
  private final long weight; // [columns]
  private final long y; // [rows, columns]
  private final long rstd; // [rows]
  private final int rows;
  private final int columns;
  private final float eps;
  private final HostPool.Range body = this::rows;

  HostRmsNorm(RmsNorm op, HostOperands operands, HostPool pool) {
    this.pool = pool;
    eps = op.eps();
    x = operands.readAddress(0);
    weight = operands.readAddress(1);
    y = operands.writeAddress(0);
    rstd = operands.writeAddress(1);
    rows = operands.in(0).rows();
    columns = operands.in(0).columns();
  }

  @Override
  public void run() {
    pool.parallelFor(rows, HostMath.rowsPerChunk(columns), body);
  }

  private void rows(int from, int to) {
    for (int i = from; i < to; i++) {
      long at = 4L * i * columns;
      float r = 1f / (float) Math.sqrt(sumSquares(x + at, columns) / columns + eps);
      scale(x + at, weight, r, y + at, columns);
      HostMath.setFloat(rstd + 4L * i, r);
    }
  }

  private static float sumSquares(long x, int n) {
    FloatVector even = FloatVector.zero(F);
    FloatVector odd = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - 2 * LANES; i += 2 * LANES) {
      FloatVector a = load(x + 4L * i);
      FloatVector b = load(x + 4L * (i + LANES));
      even = a.fma(a, even);
      odd = b.fma(b, odd);
    }
    float sum = HostMath.sum(even.add(odd));
    for (; i < n; i += LANES) {
      sum += sumSquaresLast(x + 4L * i, Math.min(LANES, n - i));
    }
    return sum;
  }

  private static float sumSquaresLast(long x, int n) {
    FloatVector a = load(x, HostMath.first(n));
    return HostMath.sum(a.mul(a));
  }

  private static void scale(long x, long weight, float r, long y, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = 4L * i;
      store(load(x + o).mul(r).mul(load(weight + o)), y + o);
    }
    if (i < n) {
      long o = 4L * i;
      VectorMask<Float> m = HostMath.first(n - i);
      store(load(x + o, m).mul(r).mul(load(weight + o, m)), y + o, m);
    }
  }
}
