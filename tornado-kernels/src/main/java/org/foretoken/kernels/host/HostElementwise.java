package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.CHUNK;
import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.VectorMask;
import org.foretoken.kernels.graph.Tensor;

/** Operations that move or add elements: Add, Zero, ConcatColumns, SplitColumns. */
final class HostElementwise {
  private HostElementwise() {}

  /** y = a + b. */
  static Runnable add(HostOperands x, HostPool pool) {
    MemorySegment a = x.read(0);
    MemorySegment b = x.read(1);
    MemorySegment y = x.write(0);
    long n = x.out(0).shape().elements();
    return chunked(pool, n, (from, count) -> add(a, b, y, from << 2, count));
  }

  private static void add(MemorySegment a, MemorySegment b, MemorySegment y, long at, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = at + ((long) i << 2);
      store(load(a, o).add(load(b, o)), y, o);
    }
    if (i < n) {
      long o = at + ((long) i << 2);
      VectorMask<Float> m = HostMath.first(n - i);
      store(load(a, o, m).add(load(b, o, m)), y, o, m);
    }
  }

  /** y = 0. */
  static Runnable zero(HostOperands x, HostPool pool) {
    MemorySegment y = x.write(0);
    int bytes = x.out(0).dtype().bytes();
    long n = x.out(0).shape().elements();
    return chunked(
        pool,
        n,
        (from, count) -> y.asSlice(from * bytes, (long) count * bytes).fill((byte) 0));
  }

  /** y = [a ; b]. */
  static Runnable concatColumns(HostOperands x, HostPool pool) {
    return columns(x.in(0), x.read(0), x.in(1), x.read(1), x.write(0), true, pool);
  }

  /** [a ; b] = y. */
  static Runnable splitColumns(HostOperands x, HostPool pool) {
    return columns(x.out(0), x.write(0), x.out(1), x.write(1), x.read(0), false, pool);
  }

  private static Runnable columns(
      Tensor left,
      MemorySegment a,
      Tensor right,
      MemorySegment b,
      MemorySegment y,
      boolean concat,
      HostPool pool) {
    long la = left.columns() * 4L;
    long lb = right.columns() * 4L;
    long ly = la + lb;
    HostPool.Range body =
        (from, to) -> {
          for (int i = from; i < to; i++) {
            if (concat) {
              MemorySegment.copy(a, i * la, y, i * ly, la);
              MemorySegment.copy(b, i * lb, y, i * ly + la, lb);
            } else {
              MemorySegment.copy(y, i * ly, a, i * la, la);
              MemorySegment.copy(y, i * ly + la, b, i * lb, lb);
            }
          }
        };
    int rows = left.rows();
    int grain = HostMath.rowsPerChunk(left.columns() + right.columns());
    return () -> pool.parallelFor(rows, grain, body);
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
