package org.foretoken.kernels.host;

/** Rows gathered from a table, and rows scattered into a cache. */
final class HostEmbedding {
  private HostEmbedding() {}

  /** y[i] = table[ids[i]]. */
  static Runnable embedding(HostOperands x, HostPool pool) {
    long ids = x.readAddress(0);
    long table = x.readAddress(1);
    long y = x.writeAddress(0);
    int rows = x.in(0).rows();
    int vocabulary = x.in(1).rows();
    int columns = x.in(1).columns();
    long bytes = columns * 4L;
    HostPool.Range body =
        (from, to) -> {
          for (int i = from; i < to; i++) {
            long id = HostMath.getInt(ids + 4L * i);
            HostMath.copy(table + id * bytes, y + i * bytes, columns);
          }
        };
    return () -> {
      x.checkRange(x.in(0), ids, 0, vocabulary);
      pool.parallelFor(rows, HostMath.rowsPerChunk(columns), body);
    };
  }

  /** cache[slots[s]] = x[s]; of equal slots the last row stays. */
  static Runnable cacheAppend(HostOperands x) {
    long rows = x.readAddress(0);
    long slots = x.readAddress(1);
    long cache = x.writeAddress(0);
    int count = x.in(1).rows();
    int capacity = x.out(0).rows();
    int columns = x.in(0).columns();
    long bytes = columns * 4L;
    String name = x.out(0).name();
    return () -> {
      x.checkRange(x.in(1), slots, 0, capacity);
      for (int i = 0; i < count; i++) {
        long slot = HostMath.getInt(slots + 4L * i);
        HostMath.copy(rows + i * bytes, cache + slot * bytes, columns);
      }
      HostKeyPanels transposed = x.weights().keyPanels(name);
      if (transposed != null) {
        transposed.appended(slots, count);
      }
    };
  }
}
