package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.getFloat;
import static org.foretoken.kernels.host.HostMath.getInt;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.foretoken.kernels.graph.Tensor;

/** Rows to their experts and back: dispatch, combine, and their gradients. */
final class HostExpertRows {
  private HostExpertRows() {}

  /** y[positions[n,k]] = x[n]. */
  static Runnable dispatch(HostOperands x, HostPool pool) {
    long from = x.readAddress(0);
    long positions = x.readAddress(1);
    long to = x.writeAddress(0);
    int columns = x.in(0).columns();
    int perToken = x.in(1).columns();
    HostPool.Range body =
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            for (int k = 0; k < perToken; k++) {
              long row = getInt(positions + 4 * ((long) n * perToken + k));
              HostMath.copy(from + 4L * n * columns, to + 4 * row * columns, columns);
            }
          }
        };
    return checked(x, x.out(0), x.in(0).rows(), columns * perToken, pool, body);
  }

  /** dx[n] = sum over k of dy[positions[n,k]]. */
  static Runnable dispatchGrad(HostOperands x, HostPool pool) {
    long positions = x.readAddress(1);
    return combine(x, pool, (n, k, perToken) -> 1f, positions);
  }

  /** y[n] = sum over k of gates[n,k] x[positions[n,k]]. */
  static Runnable combine(HostOperands x, HostPool pool) {
    long gates = x.readAddress(2);
    return combine(
        x,
        pool,
        (n, k, perToken) -> getFloat(gates + 4 * ((long) n * perToken + k)),
        x.readAddress(1));
  }

  /** The factor of a row of an expert. */
  @FunctionalInterface
  private interface Gate {
    float of(int row, int k, int perToken);
  }

  private static Runnable combine(HostOperands x, HostPool pool, Gate gate, long positions) {
    long from = x.readAddress(0);
    long to = x.writeAddress(0);
    int columns = x.in(0).columns();
    int perToken = x.in(1).columns();
    HostPool.Range body =
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            long y = to + 4L * n * columns;
            for (int k = 0; k < perToken; k++) {
              long row = getInt(positions + 4 * ((long) n * perToken + k));
              long part = from + 4 * row * columns;
              if (k == 0) {
                scale(part, gate.of(n, k, perToken), y, columns);
              } else {
                add(part, gate.of(n, k, perToken), y, columns);
              }
            }
          }
        };
    return checked(x, x.in(0), x.out(0).rows(), columns * perToken, pool, body);
  }

  /** y = g x. */
  private static void scale(long x, float g, long y, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      store(load(x + 4L * i).mul(g), y + 4L * i);
    }
    if (i < n) {
      VectorMask<Float> m = HostMath.first(n - i);
      store(load(x + 4L * i, m).mul(g), y + 4L * i, m);
    }
  }

  /** y = g x + y, fused. */
  private static void add(long x, float g, long y, int n) {
    FloatVector factor = FloatVector.broadcast(F, g);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      store(load(x + 4L * i).fma(factor, load(y + 4L * i)), y + 4L * i);
    }
    if (i < n) {
      VectorMask<Float> m = HostMath.first(n - i);
      store(load(x + 4L * i, m).fma(factor, load(y + 4L * i, m)), y + 4L * i, m);
    }
  }

  /** dx[positions[n,k]] = gates[n,k] dy[n]; dGates[n,k] = x[positions[n,k]] . dy[n]. */
  static Runnable combineGrad(HostOperands x, HostPool pool) {
    long from = x.readAddress(0);
    long positions = x.readAddress(1);
    long gates = x.readAddress(2);
    long dy = x.readAddress(3);
    long dx = x.writeAddress(0);
    long dGates = x.writeAddress(1);
    int columns = x.in(0).columns();
    int perToken = x.in(1).columns();
    HostPool.Range body =
        (begin, end) -> {
          for (int n = begin; n < end; n++) {
            long g = dy + 4L * n * columns;
            for (int k = 0; k < perToken; k++) {
              long pair = 4 * ((long) n * perToken + k);
              long row = 4L * getInt(positions + pair) * columns;
              HostMath.setFloat(dGates + pair, dot(from + row, g, columns));
              scale(g, getFloat(gates + pair), dx + row, columns);
            }
          }
        };
    return checked(x, x.in(0), x.in(3).rows(), 2 * columns * perToken, pool, body);
  }

  private static float dot(long a, long b, int n) {
    FloatVector sum = FloatVector.zero(F);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      sum = load(a + 4L * i).fma(load(b + 4L * i), sum);
    }
    return HostMath.sum(i < n ? dotLast(a + 4L * i, b + 4L * i, sum, n - i) : sum);
  }

  private static FloatVector dotLast(long a, long b, FloatVector sum, int n) {
    VectorMask<Float> m = HostMath.first(n);
    return load(a, m).fma(load(b, m), sum);
  }

  private static Runnable checked(
      HostOperands x, Tensor grouped, int rows, int rowWork, HostPool pool, HostPool.Range body) {
    return () -> {
      x.checkRange(x.in(1), x.readAddress(1), 0, grouped.rows());
      pool.parallelFor(rows, HostMath.rowsPerChunk(rowWork), body);
    };
  }
}
