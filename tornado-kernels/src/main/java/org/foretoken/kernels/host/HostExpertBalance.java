package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.getFloat;
import static org.foretoken.kernels.host.HostMath.getInt;
import static org.foretoken.kernels.host.HostMath.setFloat;

import org.foretoken.kernels.op.ExpertBalance;

/**
 * The sequence-wise balance loss and its gradient, in three passes: each row's sum of scores and
 * K-th largest score; f and P of each document, a thread owning some experts; each row's gradient.
 */
final class HostExpertBalance implements Runnable {
  private static final int COLUMNS = 64;

  private final HostPool pool;
  private final HostOperands operands;
  private final long scores; // [rows, experts]
  private final long firstRow; // [rows]
  private final long coefficient; // [1]
  private final long balance; // [1]
  private final long dLogits; // [rows, experts]
  private final long sums; // [rows]: sum of a row's scores
  private final long kthIndex; // [rows]: expert that is the last of a row's K largest
  private final long f; // [rows, experts]: of a document, in its first row
  private final long products; // [rows, experts]: f P of a document, in its first row
  private final int perToken;
  private final int rows;
  private final int experts;
  private final HostPool.Range rank = this::rank;
  private final HostPool.Range collect = this::collect;
  private final HostPool.Range gradient = this::gradient;

  HostExpertBalance(ExpertBalance op, HostOperands x, HostPool pool) {
    this.pool = pool;
    operands = x;
    scores = x.readAddress(0);
    firstRow = x.readAddress(1);
    coefficient = x.readAddress(2);
    balance = x.writeAddress(0);
    dLogits = x.writeAddress(1);
    perToken = op.perToken();
    rows = x.in(0).rows();
    experts = x.in(0).columns();
    long scratch = x.scratch(4L * rows * (2 + 2L * experts)).address();
    sums = scratch;
    kthIndex = sums + 4L * rows;
    f = kthIndex + 4L * rows;
    products = f + 4L * rows * experts;
  }

  @Override
  public void run() {
    operands.checkRange(operands.in(1), firstRow, 0, rows);
    int grain = HostMath.rowsPerChunk(experts * perToken);
    pool.parallelFor(rows, grain, rank);
    pool.parallelFor(Math.ceilDiv(experts, COLUMNS), 1, collect);
    double total = 0;
    for (int first = 0, end; first < rows; first = end) {
      end = end(first);
      double sum = 0;
      for (int i = 0; i < experts; i++) {
        sum += getFloat(products + 4 * ((long) first * experts + i));
      }
      total += sum * (end - first) / rows;
    }
    setFloat(balance, (float) total);
    pool.parallelFor(rows, grain, gradient);
  }

  /** One past the last row of the document that starts at {@code first}. */
  private int end(int first) {
    int document = getInt(firstRow + 4L * first);
    int end = first + 1;
    while (end < rows && getInt(firstRow + 4L * end) == document) {
      end++;
    }
    return end;
  }

  private void rank(int from, int to) {
    for (int n = from; n < to; n++) {
      long row = scores + 4L * n * experts;
      float sum = 0;
      for (int i = 0; i < experts; i++) {
        sum += getFloat(row + 4L * i);
      }
      setFloat(sums + 4L * n, sum);
      float last = Float.MAX_VALUE;
      int lastIndex = -1;
      for (int k = 0; k < perToken; k++) {
        lastIndex = next(row, last, lastIndex);
        last = getFloat(row + 4L * lastIndex);
      }
      HostMath.setInt(kthIndex + 4L * n, lastIndex);
    }
  }

  /** The expert that follows in the order of falling score and rising index. */
  private int next(long row, float last, int lastIndex) {
    int best = lastIndex < 0 ? 0 : lastIndex;
    float most = -1;
    for (int i = 0; i < experts; i++) {
      float v = getFloat(row + 4L * i);
      boolean after = v < last || v == last && i > lastIndex;
      if (after && v > most) {
        best = i;
        most = v;
      }
    }
    return best;
  }

  private void collect(int from, int to) {
    for (int first = 0, end; first < rows; first = end) {
      end = end(first);
      for (int i = from * COLUMNS; i < Math.min(experts, to * COLUMNS); i++) {
        int count = 0;
        float p = 0;
        for (int n = first; n < end; n++) {
          long row = scores + 4L * n * experts;
          int kth = getInt(kthIndex + 4L * n);
          float v = getFloat(row + 4L * i);
          float bound = getFloat(row + 4L * kth);
          count += v > bound || v == bound && i <= kth ? 1 : 0;
          p += v / getFloat(sums + 4L * n);
        }
        float share = (float) count * experts / ((float) perToken * (end - first));
        long at = 4 * ((long) first * experts + i);
        setFloat(f + at, share);
        setFloat(products + at, share * (p / (end - first)));
      }
    }
  }

  private void gradient(int from, int to) {
    float factor = getFloat(coefficient) / rows;
    for (int n = from; n < to; n++) {
      long row = 4L * n * experts;
      long shares = f + 4L * getInt(firstRow + 4L * n) * experts;
      float sum = getFloat(sums + 4L * n);
      float weighted = 0;
      for (int i = 0; i < experts; i++) {
        weighted = Math.fma(getFloat(shares + 4L * i), getFloat(scores + row + 4L * i), weighted);
      }
      float mean = weighted / sum;
      for (int i = 0; i < experts; i++) {
        float s = getFloat(scores + row + 4L * i);
        float dScore = factor * (getFloat(shares + 4L * i) - mean) / sum;
        long at = dLogits + row + 4L * i;
        setFloat(at, getFloat(at) + dScore * s * (1 - s));
      }
    }
  }
}
