package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.AttentionTiles.BLOCK;
import static org.foretoken.kernels.host.AttentionTiles.PANEL;
import static org.foretoken.kernels.host.AttentionTiles.ROWS;
import static org.foretoken.kernels.host.HostMath.LANES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.CachedAttention;

/**
 * o = softmax(scale * q k^T) v by online softmax over blocks of {@link AttentionTiles#BLOCK} keys,
 * for queries of packed rows and for queries against a cache.
 *
 * <p>Blocks are counted from the first key that a query sees, so a query's result depends on
 * nothing but that query and its keys: a row of {@link CachedAttention} has the bits of the same row
 * of {@link Attention}. Runs of rows with the same first key share the packed keys.
 */
final class HostAttention implements Runnable {
  private final HostPool pool;
  private final HostOperands operands;
  private final AttentionShape shape;
  private final MemorySegment q; // [rows, heads * headDim]
  private final MemorySegment k; // [keys, kvHeads * headDim]
  private final MemorySegment v; // [keys, kvHeads * valueDim]
  private final MemorySegment begins; // [rows]
  private final MemorySegment ends; // [rows], null where row i sees keys up to i
  private final MemorySegment o; // [rows, heads * valueDim]
  private final MemorySegment lse; // [rows, heads], or null
  private final int rows;
  private final HostPool.Range body = this::tasks;

  // Tasks of this run: up to BLOCK queries of rows that start at the same key.
  private final int[] taskRow; // first row of the run
  private final int[] taskQuery; // first query of the run
  private final int[] taskQueries;
  private int tasks;

  private HostAttention(
      AttentionShape shape,
      HostOperands x,
      HostPool pool,
      MemorySegment ends,
      MemorySegment lse) {
    this.pool = pool;
    this.operands = x;
    this.shape = shape;
    this.ends = ends;
    this.lse = lse;
    q = x.read(0);
    k = x.read(1);
    v = x.read(2);
    begins = x.read(3);
    o = x.write(0);
    rows = x.in(0).rows();
    int most = rows * Math.ceilDiv(shape.group(), BLOCK);
    taskRow = new int[most];
    taskQuery = new int[most];
    taskQueries = new int[most];
  }

  /** Binds attention among packed rows. */
  static Runnable of(Attention op, HostOperands x, HostPool pool) {
    AttentionShape shape =
        new AttentionShape(op.heads(), op.kvHeads(), op.headDim(), op.valueDim(), op.scale());
    return new HostAttention(shape, x, pool, null, x.write(1));
  }

  /** Binds attention to a cache. */
  static Runnable of(CachedAttention op, HostOperands x, HostPool pool) {
    AttentionShape shape =
        new AttentionShape(op.heads(), op.kvHeads(), op.headDim(), op.valueDim(), op.scale());
    return new HostAttention(shape, x, pool, x.read(4), null);
  }

  @Override
  public void run() {
    plan();
    pool.parallelFor(tasks * shape.kvHeads(), 1, body);
  }

  private int begin(int row) {
    return begins.get(ValueLayout.JAVA_INT, (long) row << 2);
  }

  private int end(int row) {
    return ends == null ? row + 1 : ends.get(ValueLayout.JAVA_INT, (long) row << 2);
  }

  private void plan() {
    int keys = operands.in(1).rows();
    tasks = 0;
    for (int row = 0; row < rows; ) {
      int run = row;
      int begin = begin(row);
      for (; row < rows && begin(row) == begin; row++) {
        if (begin < 0 || end(row) < begin || end(row) > keys) {
          throw new GraphException(
              operands.where()
                  + ": row "
                  + row
                  + " expected keys within 0.."
                  + keys
                  + ", found "
                  + begin
                  + ".."
                  + end(row));
        }
      }
      int queries = (row - run) * shape.group();
      for (int p = 0; p < queries; p += BLOCK) {
        taskRow[tasks] = run;
        taskQuery[tasks] = p;
        taskQueries[tasks] = Math.min(BLOCK, queries - p);
        tasks++;
      }
    }
  }

  /** Tasks in reverse: later rows of a document see more keys, and the longest should go first. */
  private void tasks(int from, int to) {
    for (int i = from; i < to; i++) {
      int task = tasks - 1 - i / shape.kvHeads();
      block(i % shape.kvHeads(), taskRow[task], taskQuery[task], taskQueries[task]);
    }
  }

  private void block(int kv, int run, int query, int n) {
    AttentionScratch s = AttentionScratch.get(shape.headDim(), shape.valueDim());
    int begin = begin(run);
    int longest = 0;
    for (int i = 0; i < n; i++) {
      s.limits[i] = end(run + (query + i) / shape.group()) - begin;
      longest = Math.max(longest, s.limits[i]);
    }
    int tiled = Math.ceilDiv(n, ROWS) * ROWS;
    shape.queryRows(run, kv, query, n, shape.headDim(), s.queryRows);
    AttentionPacking.left(q, s.queryRows, n, tiled, shape.headDim(), s.queriesT, s);
    int stride = AttentionScratch.stride(shape.valueDim());
    Arrays.fill(s.maxima, 0, n, Float.NEGATIVE_INFINITY);
    Arrays.fill(s.sums, 0, n * LANES, 0f);
    Arrays.fill(s.valueSums, 0, tiled * stride, 0f);
    for (int key = 0; key < longest; key += BLOCK) {
      int keys = Math.min(BLOCK, longest - key);
      shape.keyRows(begin + key, kv, keys, shape.headDim(), s.keyRows);
      shape.keyRows(begin + key, kv, keys, shape.valueDim(), s.valueRows);
      AttentionPacking.rightTransposed(k, s.keyRows, keys, shape.headDim(), s.keysT, s);
      AttentionPacking.right(v, s.valueRows, keys, shape.valueDim(), s.values);
      scores(s, n, key, keys);
      softmax(s, n, key, keys, stride);
      addValues(s, n, key, keys, stride);
    }
    finish(s, kv, run, query, n, stride);
  }

  /** Most keys of the block that a query of the tile sees. */
  private static int most(AttentionScratch s, int tile, int n, int key, int keys) {
    int most = 0;
    for (int i = tile; i < Math.min(n, tile + ROWS); i++) {
      most = Math.max(most, s.limits[i] - key);
    }
    return Math.min(keys, most);
  }

  /** Fewest keys of the block that a query of the tile sees. */
  private static int fewest(AttentionScratch s, int tile, int n, int key, int keys) {
    int fewest = keys;
    for (int i = tile; i < Math.min(n, tile + ROWS); i++) {
      fewest = Math.min(fewest, s.limits[i] - key);
    }
    return Math.max(0, fewest);
  }

  private void scores(AttentionScratch s, int n, int key, int keys) {
    int d = shape.headDim();
    int panel = AttentionPacking.padded(d) * PANEL;
    Arrays.fill(s.scores, 0f);
    for (int c = 0; c < keys; c += PANEL) {
      for (int t = 0; t < n; t += ROWS) {
        if (most(s, t, n, key, keys) > c) {
          int right = c / PANEL * panel;
          AttentionTiles.addTn(s.queriesT, t, s.keysT, right, d, s.scores, t * BLOCK + c, BLOCK);
        }
      }
    }
  }

  private void softmax(AttentionScratch s, int n, int key, int keys, int stride) {
    for (int i = 0; i < n; i++) {
      int seen = Math.min(keys, s.limits[i] - key);
      if (seen > 0) {
        float old = s.maxima[i];
        float max = AttentionSoftmax.max(s.scores, i * BLOCK, seen, shape.scale(), old);
        float decay = HostMath.exp(old - max);
        AttentionSoftmax.exp(
            s.scores, i * BLOCK, seen, shape.scale(), max, decay, s.sums, i * LANES);
        s.maxima[i] = max;
        if (decay != 1f) {
          AttentionSoftmax.scale(s.valueSums, i * stride, stride, decay);
        }
      }
    }
  }

  private void addValues(AttentionScratch s, int n, int key, int keys, int stride) {
    for (int c = 0; c < stride; c += PANEL) {
      int right = c * BLOCK;
      for (int t = 0; t < n; t += ROWS) {
        int shared = fewest(s, t, n, key, keys);
        if (shared > 0) {
          AttentionTiles.addNn(
              s.scores, t * BLOCK, s.values, right, shared, s.valueSums, t * stride + c, stride);
        }
        // What only some rows of the tile see goes row by row, so that a key that a row does not
        // see cannot touch it, not even as 0 * infinity.
        for (int i = t; i < Math.min(n, t + ROWS); i++) {
          int rest = Math.min(keys, s.limits[i] - key) - shared;
          if (rest > 0) {
            AttentionTiles.addRow(
                s.scores,
                i * BLOCK + shared,
                s.values,
                right + shared * PANEL,
                rest,
                s.valueSums,
                i * stride + c);
          }
        }
      }
    }
  }

  private void finish(AttentionScratch s, int kv, int run, int query, int n, int stride) {
    for (int i = 0; i < n; i++) {
      float sum = AttentionSoftmax.total(s.sums, i * LANES);
      long at = shape.query(run, kv, query + i);
      float inverse = sum == 0f ? 0f : 1f / sum;
      AttentionSoftmax.write(
          s.valueSums, i * stride, inverse, o, at * shape.valueDim() << 2, shape.valueDim());
      if (lse != null) {
        lse.set(ValueLayout.JAVA_FLOAT, at << 2, (float) (s.maxima[i] + Math.log(sum)));
      }
    }
  }
}
