package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.AttentionTiles.BLOCK;
import static org.foretoken.kernels.host.AttentionTiles.PANEL;
import static org.foretoken.kernels.host.AttentionTiles.ROWS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.AttentionGrad;

/**
 * With p = softmax recomputed from lse, delta = sum(dO * o) and ds = scale * p * (dO v^T - delta):
 * dv = p^T dO, dk = ds^T q, dq = ds k.
 *
 * <p>A document and key/value head is one task of one thread, which goes over blocks of keys and,
 * for each, over the blocks of queries that see them, so that every sum has one order.
 */
final class HostAttentionGrad implements Runnable {
  private final HostPool pool;
  private final HostOperands operands;
  private final AttentionShape shape;
  private final MemorySegment q; // [rows, heads * headDim]
  private final MemorySegment k; // [rows, kvHeads * headDim]
  private final MemorySegment v; // [rows, kvHeads * valueDim]
  private final MemorySegment firstRow; // [rows]
  private final MemorySegment o; // [rows, heads * valueDim]
  private final MemorySegment lse; // [rows, heads]
  private final MemorySegment dO; // [rows, heads * valueDim]
  private final MemorySegment dq;
  private final MemorySegment dk;
  private final MemorySegment dv;
  private final int rows;
  private final int keyStride;
  private final int valueStride;
  private final HostPool.Range body = this::tasks;
  private final int[] documents; // first row of each document of this run, and the end
  private int documentCount;

  HostAttentionGrad(AttentionGrad op, HostOperands x, HostPool pool) {
    this.pool = pool;
    this.operands = x;
    shape = new AttentionShape(op.heads(), op.kvHeads(), op.headDim(), op.valueDim(), op.scale());
    q = x.read(0);
    k = x.read(1);
    v = x.read(2);
    firstRow = x.read(3);
    o = x.read(4);
    lse = x.read(5);
    dO = x.read(6);
    dq = x.write(0);
    dk = x.write(1);
    dv = x.write(2);
    rows = x.in(0).rows();
    keyStride = AttentionScratch.stride(shape.headDim());
    valueStride = AttentionScratch.stride(shape.valueDim());
    documents = new int[rows + 1];
  }

  @Override
  public void run() {
    documentCount = 0;
    for (int row = 0; row < rows; row++) {
      int first = firstRow.get(ValueLayout.JAVA_INT, (long) row << 2);
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
      int first = documents[document];
      document(first, documents[document + 1] - first, i % shape.kvHeads());
    }
  }

  private void document(int first, int length, int kv) {
    AttentionScratch s = AttentionScratch.get(shape.headDim(), shape.valueDim());
    int queries = length * shape.group();
    s.growQueries(queries, shape.headDim());
    Arrays.fill(s.querySums, 0, queries * keyStride, 0f);
    for (int p = 0; p < queries; p++) {
      long at = shape.query(first, kv, p);
      s.lse[p] = lse.get(ValueLayout.JAVA_FLOAT, at << 2);
      s.delta[p] = AttentionSoftmax.dot(o, dO, at * shape.valueDim() << 2, shape.valueDim());
    }
    for (int key = 0; key < length; key += BLOCK) {
      keys(s, first, kv, key, Math.min(BLOCK, length - key), queries);
    }
    for (int p = 0; p < queries; p++) {
      long at = shape.query(first, kv, p) * shape.headDim() << 2;
      AttentionSoftmax.write(s.querySums, p * keyStride, 1f, dq, at, shape.headDim());
    }
  }

  /** One block of keys against all queries that see one of them. */
  private void keys(AttentionScratch s, int first, int kv, int key, int n, int queries) {
    shape.keyRows(first + key, kv, n, shape.headDim(), s.keyRows);
    shape.keyRows(first + key, kv, n, shape.valueDim(), s.valueRows);
    AttentionPacking.rightTransposed(k, s.keyRows, n, shape.headDim(), s.keysT, s);
    AttentionPacking.rightTransposed(v, s.valueRows, n, shape.valueDim(), s.valuesT, s);
    AttentionPacking.right(k, s.keyRows, n, shape.headDim(), s.keys);
    Arrays.fill(s.keySums, 0, BLOCK * keyStride, 0f);
    Arrays.fill(s.valueSums, 0, BLOCK * valueStride, 0f);
    for (int p = key * shape.group(); p < queries; p += BLOCK) {
      int m = Math.min(BLOCK, queries - p);
      packQueries(s, first, kv, p, m);
      scores(s, key, n, p, m);
      keyGradients(s, key, n, p, m);
      queryGradients(s, key, n, p, m);
    }
    for (int j = 0; j < n; j++) {
      AttentionSoftmax.write(
          s.keySums, j * keyStride, 1f, dk, s.keyRows[j], shape.headDim());
      AttentionSoftmax.write(
          s.valueSums, j * valueStride, 1f, dv, s.valueRows[j], shape.valueDim());
    }
  }

  private void packQueries(AttentionScratch s, int first, int kv, int p, int m) {
    int tiled = Math.ceilDiv(m, ROWS) * ROWS;
    shape.queryRows(first, kv, p, m, shape.headDim(), s.queryRows);
    shape.queryRows(first, kv, p, m, shape.valueDim(), s.outputRows);
    AttentionPacking.left(q, s.queryRows, m, tiled, shape.headDim(), s.queriesT, s);
    AttentionPacking.left(dO, s.outputRows, m, tiled, shape.valueDim(), s.outputsT, s);
    AttentionPacking.right(q, s.queryRows, m, shape.headDim(), s.queries);
    AttentionPacking.right(dO, s.outputRows, m, shape.valueDim(), s.outputs);
  }

  /** Keys of the block from {@code key} on, {@code n} long, that query {@code p} sees. */
  private int seen(int p, int key, int n) {
    return Math.min(n, p / shape.group() + 1 - key);
  }

  private void scores(AttentionScratch s, int key, int n, int p, int m) {
    int keyPanel = AttentionPacking.padded(shape.headDim()) * PANEL;
    int valuePanel = AttentionPacking.padded(shape.valueDim()) * PANEL;
    Arrays.fill(s.scores, 0f);
    Arrays.fill(s.dScores, 0f);
    for (int c = 0; c < n; c += PANEL) {
      int panel = c / PANEL;
      for (int t = 0; t < m; t += ROWS) {
        if (seen(p + Math.min(t + ROWS, m) - 1, key, n) > c) {
          int at = t * BLOCK + c;
          AttentionTiles.addTn(
              s.queriesT, t, s.keysT, panel * keyPanel, shape.headDim(), s.scores, at, BLOCK);
          AttentionTiles.addTn(
              s.outputsT, t, s.valuesT, panel * valuePanel, shape.valueDim(), s.dScores, at, BLOCK);
        }
      }
    }
    for (int i = 0; i < m; i++) {
      AttentionSoftmax.gradient(
          s.scores,
          s.dScores,
          i * BLOCK,
          seen(p + i, key, n),
          BLOCK,
          shape.scale(),
          s.lse[p + i],
          s.delta[p + i]);
    }
  }

  private void keyGradients(AttentionScratch s, int key, int n, int p, int m) {
    for (int j = 0; j < n; j += ROWS) {
      int from = Math.max(0, (key + j) * shape.group() - p); // the first query that sees key j
      int count = m - from;
      if (count <= 0) {
        return;
      }
      int left = from * BLOCK + j;
      for (int c = 0; c < keyStride; c += PANEL) {
        int right = c * BLOCK + from * PANEL;
        AttentionTiles.addTn(
            s.dScores, left, s.queries, right, count, s.keySums, j * keyStride + c, keyStride);
      }
      for (int c = 0; c < valueStride; c += PANEL) {
        int right = c * BLOCK + from * PANEL;
        AttentionTiles.addTn(
            s.scores, left, s.outputs, right, count, s.valueSums, j * valueStride + c, valueStride);
      }
    }
  }

  private void queryGradients(AttentionScratch s, int key, int n, int p, int m) {
    for (int c = 0; c < keyStride; c += PANEL) {
      for (int t = 0; t < m; t += ROWS) {
        int count = seen(p + Math.min(t + ROWS, m) - 1, key, n);
        int at = (p + t) * keyStride + c;
        AttentionTiles.addNn(
            s.dScores, t * BLOCK, s.keys, c * BLOCK, count, s.querySums, at, keyStride);
      }
    }
  }
}
