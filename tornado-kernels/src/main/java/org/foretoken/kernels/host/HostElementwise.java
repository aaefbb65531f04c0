package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.CHUNK;
import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.VectorMask;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Tensor;

/** Operations that move or add elements: Add, Zero, ConcatColumns, SplitColumns. */
final class HostElementwise {
  private HostElementwise() {}

  /** y = a + b. */
  static Runnable add(HostOperands x, HostPool pool) {
    long a = x.readAddress(0);
    long b = x.readAddress(1);
    long y = x.writeAddress(0);
    long n = x.out(0).shape().elements();
    return chunked(pool, n, (from, count) -> add(a + 4 * from, b + 4 * from, y + 4 * from, count));
  }

  private static void add(long a, long b, long y, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = 4L * i;
      store(load(a + o).add(load(b + o)), y + o);
    }
    if (i < n) {
      long o = 4L * i;
      VectorMask<Float> m = HostMath.first(n - i);
      store(load(a + o, m).add(load(b + o, m)), y + o, m);
    }
  }

  /** y = 0. */
  static Runnable zero(HostOperands x, HostPool pool) {
    MemorySegment y = x.write(0);
    int bytes = x.out(0).dtype().bytes();
    long n = x.out(0).shape().elements();
    return chunked(
        pool, n, (from, count) -> y.asSlice(from * bytes, (long) count * bytes).fill((byte) 0));
  }

  /** y = x, from FP32 to BF16 or back. */
  static Runnable cast(HostOperands x, HostPool pool) {
    long from = x.readAddress(0);
    long to = x.writeAddress(0);
    long n = x.out(0).shape().elements();
    if (x.out(0).dtype() == DType.BF16) {
      return chunked(pool, n, (i, count) -> round(from + 4 * i, to + 2 * i, count));
    }
    return chunked(pool, n, (i, count) -> widen(from + 2 * i, to + 4 * i, count));
  }

  private static void round(long x, long y, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      HostBf16.store(load(x + 4L * i), y + 2L * i);
    }
    if (i < n) {
      VectorMask<Float> m = HostMath.first(n - i);
      HostBf16.store(load(x + 4L * i, m), y + 2L * i, m);
    }
  }

  private static void widen(long x, long y, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      store(HostBf16.load(x + 2L * i), y + 4L * i);
    }
    if (i < n) {
      VectorMask<Float> m = HostMath.first(n - i);
      store(HostBf16.load(x + 2L * i, m), y + 4L * i, m);
    }
  }

  /** y = [a ; b]. */
  static Runnable concatColumns(HostOperands x, HostPool pool) {
    return columns(
        x.in(0), x.readAddress(0), x.in(1), x.readAddress(1), x.writeAddress(0), true, pool);
  }

  /** [a ; b] = y. */
  static Runnable splitColumns(HostOperands x, HostPool pool) {
    return columns(
        x.out(0), x.writeAddress(0), x.out(1), x.writeAddress(1), x.readAddress(0), false, pool);
  }

  private static Runnable columns(
      Tensor leftPart, long a, Tensor rightPart, long b, long y, boolean concat, HostPool pool) {
    int rows = leftPart.rows();
    int left = leftPart.columns();
    int right = rightPart.columns();
    int both = left + right;
    HostPool.Range body =
        (from, to) -> {
          for (int i = from; i < to; i++) {
            if (concat) {
              HostMath.copy(a + i * 4L * left, y + i * 4L * both, left);
              HostMath.copy(b + i * 4L * right, y + i * 4L * both + 4L * left, right);
            } else {
              HostMath.copy(y + i * 4L * both, a + i * 4L * left, left);
              HostMath.copy(y + i * 4L * both + 4L * left, b + i * 4L * right, right);
            }
          }
        };
    return () -> pool.parallelFor(rows, HostMath.rowsPerChunk(both), body);
  }

  /** A loop body over elements {@code [from, from + count)}. */
  @FunctionalInterface
  interface Elements {
    void run(long from, int count);
  }

  /** Runs {@code body} over {@code n} elements in parallel, a chunk at a time. */
  static Runnable chunked(HostPool pool, long n, Elements body) {
    int chunks = Math.toIntExact(Math.ceilDiv(n, CHUNK));
    HostPool.Range range =
        (from, to) -> {
          for (int c = from; c < to; c++) {
            long start = (long) c * CHUNK;
            body.run(start, (int) Math.min(CHUNK, n - start));
          }
        };
    return () -> pool.parallelFor(chunks, 1, range);
  }
}
