package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import jdk.incubator.vector.VectorMask;

/**
 * dTable[ids[i]] += dy[i], rows of equal id added in ascending order of i.
 *
 * <p>Each thread owns some columns and walks over all rows, so that order and owner of every sum
 * are fixed.
 */
final class HostEmbeddingGrad implements Runnable {
  private static final int COLUMNS = 64;

  private final HostPool pool;
  private final HostOperands operands;
  private final long ids; // [rows]
  private final long dy; // [rows, columns]
  private final long dTable; // [vocabulary, columns]
  private final int rows;
  private final int columns;
  private final HostPool.Range body = this::columns;

  HostEmbeddingGrad(HostOperands operands, HostPool pool) {
    this.pool = pool;
    this.operands = operands;
    ids = operands.readAddress(0);
    dy = operands.readAddress(1);
    dTable = operands.writeAddress(0);
    rows = operands.in(1).rows();
    columns = operands.in(1).columns();
  }

  @Override
  public void run() {
    operands.checkRange(operands.in(0), ids, 0, operands.out(0).rows());
    pool.parallelFor(Math.ceilDiv(columns, COLUMNS), 1, body);
  }

  private void columns(int from, int to) {
    int first = from * COLUMNS;
    int count = Math.min(columns, to * COLUMNS) - first;
    for (int i = 0; i < rows; i++) {
      long id = HostMath.getInt(ids + 4L * i);
      add(dy + 4 * ((long) i * columns + first), dTable + 4 * (id * columns + first), count);
    }
  }

  private static void add(long x, long sum, int n) {
    int c = 0;
    for (; c < F.loopBound(n); c += LANES) {
      long o = (long) c << 2;
      store(load(sum + o).add(load(x + o)), sum + o);
    }
    if (c < n) {
      long o = (long) c << 2;
      VectorMask<Float> m = HostMath.first(n - c);
      store(load(sum + o, m).add(load(x + o, m)), sum + o, m);
    }
  }
}
