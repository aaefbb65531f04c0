package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
  private final MemorySegment ids; // [rows]
  private final MemorySegment dy; // [rows, columns]
  private final MemorySegment dTable; // [vocabulary, columns]
  private final int rows;
  private final int columns;
  private final HostPool.Range body = this::columns;

  HostEmbeddingGrad(HostOperands operands, HostPool pool) {
    this.pool = pool;
    this.operands = operands;
    ids = operands.read(0);
    dy = operands.read(1);
    dTable = operands.write(0);
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
      long id = ids.get(ValueLayout.JAVA_INT, (long) i << 2);
      add(dy, ((long) i * columns + first) << 2, dTable, (id * columns + first) << 2, count);
    }
  }

  private static void add(MemorySegment x, long xo, MemorySegment sum, long so, int n) {
    int c = 0;
    for (; c < F.loopBound(n); c += LANES) {
      long o = (long) c << 2;
      store(load(sum, so + o).add(load(x, xo + o)), sum, so + o);
    }
    if (c < n) {
      long o = (long) c << 2;
      VectorMask<Float> m = HostMath.first(n - c);
      store(load(sum, so + o, m).add(load(x, xo + o, m)), sum, so + o, m);
    }
  }
}
