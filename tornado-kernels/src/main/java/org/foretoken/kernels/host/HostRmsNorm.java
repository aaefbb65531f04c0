package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.foretoken.kernels.op.RmsNorm;

/** y = x / sqrt(mean(x^2) + eps) * weight, row by row. */
final class HostRmsNorm implements Runnable {
  private final HostPool pool;
  private final MemorySegment x; // [rows, columns]
  private final MemorySegment weight; // [columns]
  private final MemorySegment y; // [rows, columns]
  private final MemorySegment rstd; // [rows]
  private final int rows;
  private final int columns;
  private final float eps;
  private final HostPool.Range body = this::rows;

  HostRmsNorm(RmsNorm op, HostOperands operands, HostPool pool) {
    this.pool = pool;
    eps = op.eps();
    x = operands.read(0);
    weight = operands.read(1);
    y = operands.write(0);
    rstd = operands.write(1);
    rows = operands.in(0).rows();
    columns = operands.in(0).columns();
  }

  @Override
  public void run() {
    pool.parallelFor(rows, HostMath.rowsPerChunk(columns), body);
  }

  private void rows(int from, int to) {
    for (int i = from; i < to; i++) {
      long at = (long) i * columns << 2;
      float r = 1f / (float) Math.sqrt(sumSquares(x, at, columns) / columns + eps);
      scale(x, at, weight, r, y, columns);
      rstd.set(ValueLayout.JAVA_FLOAT, (long) i << 2, r);
    }
  }

  private static float sumSquares(MemorySegment x, long at, int n) {
    FloatVector even = FloatVector.zero(F);
    FloatVector odd = FloatVector.zero(F);
    int i = 0;
    for (; i <= n - 2 * LANES; i += 2 * LANES) {
      FloatVector a = load(x, at + ((long) i << 2));
      FloatVector b = load(x, at + ((long) (i + LANES) << 2));
      even = a.fma(a, even);
      odd = b.fma(b, odd);
    }
    if (i <= n - LANES) {
      FloatVector a = load(x, at + ((long) i << 2));
      even = a.fma(a, even);
      i += LANES;
    }
    if (i < n) {
      FloatVector b = load(x, at + ((long) i << 2), HostMath.first(n - i));
      odd = b.fma(b, odd);
    }
    return HostMath.sum(even.add(odd));
  }

  private static void scale(
      MemorySegment x, long at, MemorySegment weight, float r, MemorySegment y, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = (long) i << 2;
      store(load(x, at + o).mul(r).mul(load(weight, o)), y, at + o);
    }
    if (i < n) {
      long o = (long) i << 2;
      VectorMask<Float> m = HostMath.first(n - i);
      store(load(x, at + o, m).mul(r).mul(load(weight, o, m)), y, at + o, m);
    }
  }
}
