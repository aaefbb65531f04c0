package org.foretoken.kernels.host;

/**
 * A product for each expert. Experts run beside each other, one thread each; one that has more than
 * its share of the rows runs before them, on all threads. Neither changes a bit of the result.
 */
abstract class HostExpertProduct implements Runnable {
  final HostPool pool;
  final HostSegments segments;
  private final int rows;
  private final long rowWork;
  private final boolean all;
  private final HostPool.Range body = this::range;

  /**
   * Binds the product.
   *
   * @param operand which read operand is the segments
   * @param rows grouped rows R
   * @param rowWork multiply-adds of a row
   * @param all whether experts without rows have something to do too
   */
  HostExpertProduct(
      HostOperands x, HostPool pool, int operand, int rows, long rowWork, boolean all) {
    this.pool = pool;
    this.rows = rows;
    this.rowWork = rowWork;
    this.all = all;
    segments = new HostSegments(x, operand, rows);
  }

  /** Prepares the experts with rows, on the calling thread. */
  void prepare() {}

  /** Computes what {@code expert} makes of its rows. */
  abstract void expert(int expert, int first, int rows);

  @Override
  public final void run() {
    segments.read();
    prepare();
    for (int i = 0; i < segments.count; i++) {
      if (heavy(segments.rows(segments.active[i]))) {
        one(segments.active[i]);
      }
    }
    int count = all ? segments.experts() : segments.count;
    if (rows * rowWork <= GemmTiles.SERIAL_WORK) {
      body.run(0, count);
    } else {
      pool.parallelFor(count, 1, body);
    }
  }

  private boolean heavy(int count) {
    return (long) count * pool.threads() > rows && count * rowWork > GemmTiles.SERIAL_WORK;
  }

  private void range(int from, int to) {
    for (int i = from; i < to; i++) {
      int e = all ? i : segments.active[i];
      if (!heavy(segments.rows(e))) {
        one(e);
      }
    }
  }

  private void one(int e) {
    expert(e, segments.first(e), segments.rows(e));
  }
}
