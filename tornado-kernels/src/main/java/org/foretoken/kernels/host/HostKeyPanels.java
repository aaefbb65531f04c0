package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.AttentionTiles.PANEL;

import java.lang.foreign.MemorySegment;
import java.util.function.LongFunction;

/**
 * A second copy of a key cache, transposed for {@link HostCachedQuery}: [kvHeads][panel][headDim][
 * PANEL], a panel holding one column for each of PANEL keys. Appending a key writes its column, so
 * that a step of decoding does not transpose all keys before it.
 *
 * <p>The copy is as new as the cache itself: both have the cache's change counter, and a copy that
 * has missed a change is made anew.
 */
final class HostKeyPanels {
  private final int kvHeads;
  private final int headDim;
  private final int rows;
  private final int panels;
  private final MemorySegment data;
  private final long cache;
  private final long[] counter;
  private long seen = -1;

  /**
   * Makes room for the copy of a cache.
   *
   * @param cache address of the cache, [rows, kvHeads * headDim]
   * @param counter the cache's change counter
   * @param memory gives zeroed memory of so many bytes
   */
  HostKeyPanels(
      int kvHeads,
      int headDim,
      int rows,
      long cache,
      long[] counter,
      LongFunction<MemorySegment> memory) {
    this.kvHeads = kvHeads;
    this.headDim = headDim;
    this.rows = rows;
    this.cache = cache;
    this.counter = counter;
    panels = Math.ceilDiv(rows, PANEL);
    data = memory.apply(bytes(kvHeads, headDim, rows));
  }

  /** Bytes of a copy. */
  static long bytes(int kvHeads, int headDim, int rows) {
    return 4L * kvHeads * headDim * Math.ceilDiv(rows, PANEL) * PANEL;
  }

  /** Whether keys from {@code first} on begin a panel. */
  static boolean startsPanel(int first) {
    return first % PANEL == 0;
  }

  /** Address of the panel of key {@code row}, of a key/value head. */
  long panel(int kv, int row) {
    return data.address() + 4L * PANEL * headDim * ((long) kv * panels + row / PANEL);
  }

  /** Makes the copy anew if it has missed a change. */
  void refresh() {
    if (seen != counter[0]) {
      for (int row = 0; row < rows; row++) {
        put(row);
      }
      seen = counter[0];
    }
  }

  /**
   * Takes over rows that the run at hand has just written to the cache, which has counted the run
   * as one change.
   *
   * @param slots address of the rows' numbers
   */
  void appended(long slots, int count) {
    if (seen == counter[0] || seen == counter[0] - 1) {
      for (int i = 0; i < count; i++) {
        put(HostMath.getInt(slots + 4L * i));
      }
      seen = counter[0];
    }
  }

  private void put(int row) {
    long from = cache + 4L * kvHeads * headDim * row;
    for (int kv = 0; kv < kvHeads; kv++) {
      long to = panel(kv, row) + 4L * (row % PANEL);
      for (int c = 0; c < headDim; c++) {
        HostMath.setFloat(to + 4L * PANEL * c, HostMath.getFloat(from));
        from += 4;
      }
    }
  }
}
