package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.AttentionTiles.BLOCK;
import static org.foretoken.kernels.host.AttentionTiles.PANEL;
import static org.foretoken.kernels.host.AttentionTiles.ROWS;

import java.util.Arrays;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.AttentionGrad;

/**
 * With p = softmax recomputed from lse, delta = sum(dO * o) and ds = p * (dO v^T - delta): dv = p^T
 * dO, dk = scale * ds^T q, dq = scale * ds k.
 *
 * <p>A document and key/value head is one task of one thread, which goes over blocks of keys and,
 * for each, over the blocks of queries that see them, so that every sum has one order.
 */
final class HostAttentionGrad implements Runnable {
  /** A step of a task; see {@link AttentionScratch} for where it is. */
  private interface Step {
    void run(HostAttentionGrad attention, AttentionScratch s);
  }

  // Through arrays, for the reason given in HostAttention.
  private static final Step[] START = {HostAttentionGrad::start};
  private static final Step[] KEYS = {HostAttentionGrad::packKeys, HostAttentionGrad::packValues};
  private static final Step[] QUERIES = {
    HostAttentionGrad::packQueries,
    HostAttentionGrad::packOutputs,
    HostAttentionGrad::scores,
    HostAttentionGrad::softmax,
    HostAttentionGrad::keyGradients,
    HostAttentionGrad::queryGradients
  };
  private static final Step[] KEYS_END = {
    HostAttentionGrad::writeKeys, HostAttentionGrad::writeValues
  };
  private static final Step[] END = {HostAttentionGrad::writeQueries};

  private final HostPool pool;
  private final HostOperands operands;
  private final AttentionShape shape;
  private final long q; // [rows, heads * headDim]
  private final long k; // [rows, kvHeads * headDim]
  private final long v; // [rows, kvHeads * valueDim]
  private final long firstRow; // [rows]
  private final long o; // [rows, heads * valueDim]
  private final long lse; // [rows, heads]
  private final long dO; // [rows, heads * valueDim]
  private final long dq;
  private final long dk;
  private final long dv;
  private final int rows;
  private final int keyStride;
  private final int valueStride;
  private final HostPool.Range body = this::tasks;
  private final int[] documents; // first row of each document of this run, and the end
  private int documentCount;

  HostAttentionGrad(AttentionGrad op, HostOperands x, HostPool pool) {
    this.pool = pool;
    this.operands = x;
    shape =
        new AttentionShape(op.heads(), op.kvHeads(), op.headDim(), op.valueDim(), op.scale())
            .checked(x);
    q = x.readAddress(0);
    k = x.readAddress(1);
    v = x.readAddress(2);
    firstRow = x.readAddress(3);
    o = x.readAddress(4);
    lse = x.readAddress(5);
    dO = x.readAddress(6);
    dq = x.writeAddress(0);
    dk = x.writeAddress(1);
    dv = x.writeAddress(2);
    rows = x.in(0).rows();
    keyStride = AttentionScratch.stride(shape.headDim());
    valueStride = AttentionScratch.stride(shape.valueDim());
    documents = new int[rows + 1];
  }

  @Override
  public void run() {
    documentCount = 0;
    for (int row = 0; row < rows; row++) {
      int first = HostMath.getInt(firstRow + 4L * row);
      if (first == row) {
        documents[documentCount++] = row;
      } else if (documentCount == 0 || first != documents[documentCount - 1]) {
        throw new GraphException(
            operands.where()
                + ": operand '"
                + operands.in(3)
                + "' expected at row "
                + row
                + " that row itself or the document's first, "
                + (documentCount == 0 ? 0 : documents[documentCount - 1])
                + ", found "
                + first);
      }
    }
    documents[documentCount] = rows;
    pool.parallelFor(documentCount * shape.kvHeads(), 1, body);
  }

  private void tasks(int from, int to) {
    for (int i = from; i < to; i++) {
      int document = i / shape.kvHeads();
      AttentionScratch s = AttentionScratch.get(shape.headDim(), shape.valueDim());
      s.kv = i % shape.kvHeads();
      s.firstRow = documents[document];
      int length = documents[document + 1] - s.firstRow;
      s.queries = length * shape.group();
      s.growQueries(s.queries, shape.headDim());
      run(START, s);
      for (s.key = 0; s.key < length; s.key += BLOCK) {
        s.keyCount = Math.min(BLOCK, length - s.key);
        run(KEYS, s);
        // The first query that sees the block's first key is that key's own row.
        for (s.block = s.key * shape.group(); s.block < s.queries; s.block += BLOCK) {
          s.blockCount = Math.min(BLOCK, s.queries - s.block);
          run(QUERIES, s);
        }
        run(KEYS_END, s);
      }
      run(END, s);
    }
  }

  private void run(Step[] steps, AttentionScratch s) {
    for (Step step : steps) {
      step.run(this, s);
    }
  }

  private void start(AttentionScratch s) {
    int d = shape.valueDim();
    Arrays.fill(s.querySums, 0, s.queries * keyStride, 0f);
    for (int p = 0; p < s.queries; p++) {
      long at = shape.query(s.firstRow, s.kv, p);
      s.lse[p] = (float) (HostMath.getFloat(lse + 4 * at) * AttentionShape.LOG2_E);
      s.delta[p] = AttentionSoftmax.dot(o + 4 * at * d, dO + 4 * at * d, d);
    }
  }

  private void packKeys(AttentionScratch s) {
    int d = shape.headDim();
    shape.keyRows(s.firstRow + s.key, s.kv, s.keyCount, d, s.keyRows);
    AttentionPacking.rightTransposed(k, s.keyRows, s.keyCount, d, s.keysT, s);
    AttentionPacking.right(k, s.keyRows, s.keyCount, d, s.keys);
    Arrays.fill(s.keySums, 0, BLOCK * keyStride, 0f);
  }

  private void packValues(AttentionScratch s) {
    int d = shape.valueDim();
    shape.keyRows(s.firstRow + s.key, s.kv, s.keyCount, d, s.valueRows);
    AttentionPacking.rightTransposed(v, s.valueRows, s.keyCount, d, s.valuesT, s);
    Arrays.fill(s.valueSums, 0, BLOCK * valueStride, 0f);
  }

  private void packQueries(AttentionScratch s) {
    int d = shape.headDim();
    shape.queryRows(s.firstRow, s.kv, s.block, s.blockCount, d, s.queryRows);
    AttentionPacking.left(q, s.queryRows, s.blockCount, d, s.queriesLeft, 0);
    AttentionPacking.right(q, s.queryRows, s.blockCount, d, s.queriesRight);
  }

  private void packOutputs(AttentionScratch s) {
    int d = shape.valueDim();
    shape.queryRows(s.firstRow, s.kv, s.block, s.blockCount, d, s.outputRows);
    AttentionPacking.left(dO, s.outputRows, s.blockCount, d, s.outputsLeft, 0);
    AttentionPacking.right(dO, s.outputRows, s.blockCount, d, s.outputsRight);
  }

  /** Keys of the block that query {@code p} of the document sees. */
  private int seen(AttentionScratch s, int p) {
    return Math.min(s.keyCount, p / shape.group() + 1 - s.key);
  }

  /** Most keys of the block that a query of the tile sees: what its last query sees. */
  private int most(AttentionScratch s, int tile) {
    return seen(s, s.block + Math.min(tile + ROWS, s.blockCount) - 1);
  }

  /** scores = q k^T and dScores = dO v^T. */
  private void scores(AttentionScratch s) {
    int d = shape.headDim();
    int e = shape.valueDim();
    for (int c = 0; c < s.keyCount; c += PANEL) {
      int keyPanel = c * AttentionPacking.padded(d);
      int valuePanel = c * AttentionPacking.padded(e);
      for (int t = 0; t < s.blockCount; t += ROWS) {
        if (most(s, t) > c) {
          int left = t * BLOCK;
          int to = left + c;
          AttentionTiles.multiply(s.queriesLeft, left, s.keysT, keyPanel, d, s.scores, to, BLOCK);
          AttentionTiles.multiply(
              s.outputsLeft, left, s.valuesT, valuePanel, e, s.dScores, to, BLOCK);
        }
      }
    }
  }

  /** Scores become probabilities and dScores their gradient, zeros where nothing is seen. */
  private void softmax(AttentionScratch s) {
    float factor = shape.factor();
    for (int i = 0; i < s.blockCount; i++) {
      int at = i * BLOCK;
      int p = s.block + i;
      int seen = seen(s, p);
      AttentionSoftmax.end(s.scores, at, seen);
      AttentionSoftmax.gradient(s.scores, s.dScores, at, seen, factor, s.lse[p], s.delta[p]);
      AttentionSoftmax.clear(s.scores, at, seen, BLOCK);
      AttentionSoftmax.clear(s.dScores, at, seen, BLOCK);
    }
  }

  /** dk += dScores^T q and dv += scores^T dO. */
  private void keyGradients(AttentionScratch s) {
    for (int j = 0; j < s.keyCount; j += ROWS) {
      int from = Math.max(0, (s.key + j) * shape.group() - s.block); // the first that sees key j
      int count = s.blockCount - from;
      if (count <= 0) {
        return;
      }
      int left = from * BLOCK + j;
      for (int c = 0; c < keyStride; c += PANEL) {
        int right = c * BLOCK + from * PANEL;
        int to = j * keyStride + c;
        AttentionTiles.addTn(
            s.dScores, left, s.queriesRight, right, count, s.keySums, to, keyStride);
      }
      for (int c = 0; c < valueStride; c += PANEL) {
        int right = c * BLOCK + from * PANEL;
        int to = j * valueStride + c;
        AttentionTiles.addTn(
            s.scores, left, s.outputsRight, right, count, s.valueSums, to, valueStride);
      }
    }
  }

  /** dq += dScores k. */
  private void queryGradients(AttentionScratch s) {
    for (int c = 0; c < keyStride; c += PANEL) {
      for (int t = 0; t < s.blockCount; t += ROWS) {
        int to = (s.block + t) * keyStride + c;
        AttentionTiles.addNn(
            s.dScores, t * BLOCK, s.keys, c * BLOCK, most(s, t), s.querySums, to, keyStride);
      }
    }
  }

  private void writeKeys(AttentionScratch s) {
    for (int j = 0; j < s.keyCount; j++) {
      long to = dk + s.keyRows[j];
      AttentionSoftmax.write(s.keySums, j * keyStride, shape.scale(), to, shape.headDim());
    }
  }

  private void writeValues(AttentionScratch s) {
    for (int j = 0; j < s.keyCount; j++) {
      long to = dv + s.valueRows[j];
      AttentionSoftmax.write(s.valueSums, j * valueStride, 1f, to, shape.valueDim());
    }
  }

  private void writeQueries(AttentionScratch s) {
    for (int p = 0; p < s.queries; p++) {
      long to = dq + 4 * shape.query(s.firstRow, s.kv, p) * shape.headDim();
      AttentionSoftmax.write(s.querySums, p * keyStride, shape.scale(), to, shape.headDim());
    }
  }
}
