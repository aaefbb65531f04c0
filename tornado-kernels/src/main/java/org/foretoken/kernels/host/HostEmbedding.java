package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Rows gathered from a table, and rows scattered into a cache. */
final class HostEmbedding {
  private HostEmbedding() {}

  /** y[i] = table[ids[i]]. */
  static Runnable embedding(HostOperands x, HostPool pool) {
    MemorySegment ids = x.read(0);
    MemorySegment table = x.read(1);
    MemorySegment y = x.write(0);
    int rows = x.in(0).rows();
    int vocabulary = x.in(1).rows();
    int columns = x.in(1).columns();
    long bytes = columns * 4L;
    HostPool.Range body =
        (from, to) -> {
          for (int i = from; i < to; i++) {
            long id = ids.get(ValueLayout.JAVA_INT, (long) i << 2);
            MemorySegment.copy(table, id * bytes, y, i * bytes, bytes);
          }
        };
    return () -> {
      x.checkRange(x.in(0), ids, 0, vocabulary);
      pool.parallelFor(rows, HostMath.rowsPerChunk(columns), body);
    };
  }

  /** cache[slots[s]] = x[s]; of equal slots the last row stays. */
  static Runnable cacheAppend(HostOperands x) {
    MemorySegment rows = x.read(0);
    MemorySegment slots = x.read(1);
    MemorySegment cache = x.write(0);
    int count = x.in(1).rows();
    int capacity = x.out(0).rows();
    long bytes = x.in(0).columns() * 4L;
    return () -> {
      x.checkRange(x.in(1), slots, 0, capacity);
      for (int i = 0; i < count; i++) {
        long slot = slots.get(ValueLayout.JAVA_INT, (long) i << 2);
        MemorySegment.copy(rows, i * bytes, cache, slot * bytes, bytes);
      }
    };
  }
}
