package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.CrossEntropyEval;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.Precision;

/**
 * Output head and cross-entropy over chunks of rows: logits = hidden weight^T, loss = mean of log
 * sum exp(logits) - logits[target]; with gradients, dLogits = (softmax - onehot) * coefficient /
 * rows counted, dHidden = dLogits weight, dWeight += dLogits^T hidden.
 *
 * <p>The logits of one chunk exist at a time, and become dLogits in place. The size of a chunk
 * depends on the vocabulary alone.
 */
final class HostCrossEntropyHead implements Runnable {
  /** Logits of a chunk, unless that would leave fewer than {@link #LEAST_ROWS} rows. */
  private static final int CHUNK_LOGITS = 1 << 21;

  private static final int LEAST_ROWS = 64;
  private static final int MOST_ROWS = 512;

  private final HostPool pool;
  private final HostOperands operands;
  private final Precision precision;
  private final boolean train;
  private final MemorySegment hidden; // [rows, width]
  private final MemorySegment weight; // [vocabulary, width]
  private final long targets; // [rows]
  private final long coefficient; // [1], 0 without gradients
  private final long stats; // [4]
  private final MemorySegment dHidden; // [rows, width], null without gradients
  private final MemorySegment dWeight; // [vocabulary, width], null without gradients
  private final long nll; // [rows], 0 with gradients
  private final int rows;
  private final int width;
  private final int vocabulary;
  private final int chunkRows;
  private final MemorySegment logits; // [chunkRows, vocabulary]
  private final double[] losses;
  private final boolean[] correct;
  private final HostPool.Range body = this::rows;

  private int chunk; // first row of the chunk at hand
  private float factor; // coefficient / rows counted

  /** With gradients. */
  HostCrossEntropyHead(CrossEntropyHead op, HostOperands x, HostPool pool) {
    this(op.precision(), true, x, pool);
  }

  /** Without gradients, with the loss of each row. */
  HostCrossEntropyHead(CrossEntropyEval op, HostOperands x, HostPool pool) {
    this(op.precision(), false, x, pool);
  }

  private HostCrossEntropyHead(Precision precision, boolean train, HostOperands x, HostPool pool) {
    this.pool = pool;
    this.operands = x;
    this.precision = precision;
    this.train = train;
    hidden = x.read(0);
    weight = x.read(1);
    targets = x.readAddress(2);
    coefficient = train ? x.readAddress(3) : 0;
    stats = x.writeAddress(0);
    dHidden = train ? x.write(1) : null;
    dWeight = train ? x.write(2) : null;
    nll = train ? 0 : x.writeAddress(1);
    Tensor w = x.in(1);
    rows = x.in(0).rows();
    width = w.columns();
    vocabulary = w.rows();
    int most = Math.max(LEAST_ROWS, Math.min(MOST_ROWS, CHUNK_LOGITS / Math.max(1, vocabulary)));
    chunkRows = Math.min(rows, most);
    logits = x.scratch((long) chunkRows * vocabulary * Float.BYTES);
    losses = new double[rows];
    correct = new boolean[rows];
  }

  @Override
  public void run() {
    operands.checkRange(operands.in(2), targets, Integer.MIN_VALUE, vocabulary);
    int counted = counted(0, rows);
    factor = train && counted > 0 ? HostMath.getFloat(coefficient) / counted : 0f;
    for (chunk = 0; chunk < rows; chunk += chunkRows) {
      chunk(Math.min(chunkRows, rows - chunk));
    }
    double sum = 0;
    int right = 0;
    for (int i = 0; i < rows; i++) {
      sum += losses[i];
      right += correct[i] ? 1 : 0;
    }
    HostMath.setFloat(stats, (float) sum);
    HostMath.setFloat(stats + 4, counted);
    HostMath.setFloat(stats + 8, right);
    HostMath.setFloat(stats + 12, 0f);
  }

  private int target(int row) {
    return HostMath.getInt(targets + 4L * row);
  }

  private int counted(int from, int to) {
    int n = 0;
    for (int i = from; i < to; i++) {
      n += target(i) >= 0 ? 1 : 0;
    }
    return n;
  }

  private void chunk(int n) {
    long bytes = (long) width * Float.BYTES;
    if (counted(chunk, chunk + n) == 0) {
      skip(n);
      return;
    }
    MemorySegment h = hidden.asSlice(chunk * bytes, n * bytes);
    HostMatMul.multiply(pool, Layout.NT, precision, false, n, vocabulary, width, h, weight, logits);
    pool.parallelFor(n, Math.max(1, Math.min(16, HostMath.rowsPerChunk(vocabulary))), body);
    if (train) {
      MemorySegment dh = dHidden.asSlice(chunk * bytes, n * bytes);
      HostMatMul.multiply(
          pool, Layout.NN, precision, false, n, width, vocabulary, logits, weight, dh);
      HostMatMul.multiply(
          pool, Layout.TN, precision, true, vocabulary, width, n, logits, h, dWeight);
    }
  }

  private void skip(int n) {
    for (int i = chunk; i < chunk + n; i++) {
      put(i, 0, false);
    }
    if (train) {
      long bytes = (long) width * Float.BYTES;
      dHidden.asSlice(chunk * bytes, n * bytes).fill((byte) 0);
    }
  }

  private void rows(int from, int to) {
    for (int i = from; i < to; i++) {
      row(logits.address() + 4L * i * vocabulary, chunk + i);
    }
  }

  private void row(long at, int row) {
    int target = target(row);
    if (target < 0) {
      put(row, 0, false);
      if (train) {
        HostMath.zero(at, vocabulary);
      }
      return;
    }
    float max = HostSoftmaxRow.max(at, vocabulary);
    boolean right = HostSoftmaxRow.isArgmax(at, target, max);
    long atTarget = at + 4L * target;
    float logit = HostMath.getFloat(atTarget);
    float sum;
    if (train) {
      sum = HostSoftmaxRow.replaceByExp(at, vocabulary, max);
      HostSoftmaxRow.scale(at, vocabulary, factor / sum);
      HostMath.setFloat(atTarget, HostMath.getFloat(atTarget) - factor);
    } else {
      sum = HostSoftmaxRow.sumExp(at, vocabulary, max);
    }
    put(row, Math.log(sum) + max - logit, right);
  }

  private void put(int row, double loss, boolean right) {
    losses[row] = loss;
    correct[row] = right;
    if (!train) {
      HostMath.setFloat(nll + 4L * row, (float) loss);
    }
  }
}
