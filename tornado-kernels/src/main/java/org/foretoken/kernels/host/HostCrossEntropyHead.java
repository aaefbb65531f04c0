package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
  private final MemorySegment targets; // [rows]
  private final MemorySegment coefficient; // [1], null without gradients
  private final MemorySegment stats; // [4]
  private final MemorySegment dHidden; // [rows, width], null without gradients
  private final MemorySegment dWeight; // [vocabulary, width], null without gradients
  private final MemorySegment nll; // [rows], null with gradients
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
    targets = x.read(2);
    coefficient = train ? x.read(3) : null;
    stats = x.write(0);
    dHidden = train ? x.write(1) : null;
    dWeight = train ? x.write(2) : null;
    nll = train ? null : x.write(1);
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
    factor = train && counted > 0 ? coefficient.get(ValueLayout.JAVA_FLOAT, 0) / counted : 0f;
    for (chunk = 0; chunk < rows; chunk += chunkRows) {
      chunk(Math.min(chunkRows, rows - chunk));
    }
    double sum = 0;
    int right = 0;
    for (int i = 0; i < rows; i++) {
      sum += losses[i];
      right += correct[i] ? 1 : 0;
    }
    stats.setAtIndex(ValueLayout.JAVA_FLOAT, 0, (float) sum);
    stats.setAtIndex(ValueLayout.JAVA_FLOAT, 1, counted);
    stats.setAtIndex(ValueLayout.JAVA_FLOAT, 2, right);
    stats.setAtIndex(ValueLayout.JAVA_FLOAT, 3, 0f);
  }

  private int target(int row) {
    return targets.get(ValueLayout.JAVA_INT, (long) row << 2);
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
    HostMatMul.multiply(
        pool, Layout.NT, precision, false, n, vocabulary, width, h, weight, logits);
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
      row((long) i * vocabulary << 2, chunk + i);
    }
  }

  private void row(long at, int row) {
    int target = target(row);
    if (target < 0) {
      put(row, 0, false);
      if (train) {
        logits.asSlice(at, (long) vocabulary << 2).fill((byte) 0);
      }
      return;
    }
    float max = HostSoftmaxRow.max(logits, at, vocabulary);
    boolean right = HostSoftmaxRow.isArgmax(logits, at, target, max);
    float logit = logits.get(ValueLayout.JAVA_FLOAT, at + ((long) target << 2));
    float sum;
    if (train) {
      sum = HostSoftmaxRow.replaceByExp(logits, at, vocabulary, max);
      HostSoftmaxRow.scale(logits, at, vocabulary, factor / sum);
      long o = at + ((long) target << 2);
      logits.set(ValueLayout.JAVA_FLOAT, o, logits.get(ValueLayout.JAVA_FLOAT, o) - factor);
    } else {
      sum = HostSoftmaxRow.sumExp(logits, at, vocabulary, max);
    }
    put(row, Math.log(sum) + max - logit, right);
  }

  private void put(int row, double loss, boolean right) {
    losses[row] = loss;
    correct[row] = right;
    if (!train) {
      nll.set(ValueLayout.JAVA_FLOAT, (long) row << 2, (float) loss);
    }
  }
}
