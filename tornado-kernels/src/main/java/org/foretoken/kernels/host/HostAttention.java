package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.AttentionTiles.BLOCK;
import static org.foretoken.kernels.host.AttentionTiles.PANEL;
import static org.foretoken.kernels.host.AttentionTiles.ROWS;
import static org.foretoken.kernels.host.HostMath.LANES;

import java.util.Arrays;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.CachedAttention;
import org.foretoken.kernels.op.CachedLatentAttention;

/**
 * o = softmax(scale * q k^T) v by online softmax over blocks of {@link AttentionTiles#BLOCK} keys,
 * for queries of packed rows and for queries against a cache.
 *
 * <p>Blocks are counted from the first key that a query sees, so a query's result depends on
 * nothing but that query and its keys: a row of {@link CachedAttention} has the bits of the same
 * row of {@link Attention}. Runs of rows with the same first key share the packed keys.
 */
final class HostAttention implements Runnable {
  /** A step of a task; see {@link AttentionScratch} for where it is. */
  private interface Step {
    void run(HostAttention attention, AttentionScratch s);
  }

  // Called through arrays, so that C2 compiles each step by itself: inlined into one method they
  // are
  // more than it can take, and it boxes vectors.
  private static final Step[] START = {HostAttention::packQueries};
  private static final Step[] KEYS = {HostAttention::packKeys, HostAttention::packValues};
  private static final Step[] QUERIES = {
    HostAttention::scores, HostAttention::softmax, HostAttention::addValues
  };
  private static final Step[] END = {HostAttention::finish};

  /** Queries of a task that go one by one. */
  private static final int FEW = 4;

  /** Below this many multiply-adds a run stays on the calling thread. */
  private static final long SERIAL_WORK = 1L << 17;

  private final HostPool pool;
  private final HostOperands operands;
  private final AttentionShape shape;
  private final long q; // [rows, heads * headDim]
  private final long k; // [keys, kvHeads * headDim]
  private final long v; // [keys, kvHeads * valueDim]
  private final long begins; // [rows]
  private final long ends; // [rows], 0 where row i sees keys up to i
  private final long o; // [rows, heads * valueDim]
  private final long lse; // [rows, heads], or 0
  private final int rows;
  private final int stride; // floats of a row of o in scratch
  private final HostPool.Range body = this::tasks;
  private final HostKeyPanels panels; // of a key cache, or null
  private final HostCachedQuery single; // or null

  // Tasks of this run: some blocks of queries of rows that see the same first key.
  private final int[] taskRow; // first row of the run
  private final int[] taskQuery; // first query of the run
  private final int[] taskQueries;
  private int tasks;

  private HostAttention(
      AttentionShape shape,
      HostOperands x,
      HostPool pool,
      int values,
      int begins,
      long ends,
      long lse) {
    this.pool = pool;
    this.operands = x;
    this.shape = shape.checked(x);
    this.ends = ends;
    this.lse = lse;
    q = x.readAddress(0);
    k = x.readAddress(1);
    v = x.readAddress(values);
    this.begins = x.readAddress(begins);
    o = x.writeAddress(0);
    rows = x.in(0).rows();
    panels = ends == 0 ? null : x.keyPanels(1, shape.kvHeads(), shape.headDim());
    single = panels == null ? null : new HostCachedQuery(shape, panels, q, v, o);
    stride = AttentionScratch.stride(shape.valueDim());
    int most = rows * Math.ceilDiv(shape.group(), BLOCK);
    taskRow = new int[most];
    taskQuery = new int[most];
    taskQueries = new int[most];
  }

  /** Binds attention among packed rows. */
  static Runnable of(Attention op, HostOperands x, HostPool pool) {
    AttentionShape shape =
        new AttentionShape(op.heads(), op.kvHeads(), op.headDim(), op.valueDim(), op.scale());
    return new HostAttention(shape, x, pool, 2, 3, 0, x.writeAddress(1));
  }

  /** Binds attention to a cache. */
  static Runnable of(CachedAttention op, HostOperands x, HostPool pool) {
    AttentionShape shape =
        new AttentionShape(op.heads(), op.kvHeads(), op.headDim(), op.valueDim(), op.scale());
    return new HostAttention(shape, x, pool, 2, 3, x.readAddress(4), 0);
  }

  /** Binds attention to a cache of latents, which are the first part of a key and its value. */
  static Runnable of(CachedLatentAttention op, HostOperands x, HostPool pool) {
    int width = op.latentDim() + op.ropeDim();
    AttentionShape shape =
        new AttentionShape(op.heads(), 1, width, op.latentDim(), width, op.scale());
    return new HostAttention(shape, x, pool, 1, 2, x.readAddress(3), 0);
  }

  @Override
  public void run() {
    long work = plan();
    if (panels != null) {
      panels.refresh();
    }
    if (work < SERIAL_WORK) {
      body.run(0, tasks * shape.kvHeads());
    } else {
      pool.parallelFor(tasks * shape.kvHeads(), 1, body);
    }
  }

  private int begin(int row) {
    return HostMath.getInt(begins + 4L * row);
  }

  private int end(int row) {
    return ends == 0 ? row + 1 : HostMath.getInt(ends + 4L * row);
  }

  /** Makes the tasks of this run; returns about how many multiply-adds they are. */
  private long plan() {
    long seen = 0;
    int keys = operands.in(1).rows();
    // Long tasks share packed keys, but each thread should get several.
    int blocks = Math.ceilDiv(rows * shape.group(), BLOCK) * shape.kvHeads();
    int each = Math.clamp(blocks / (4 * pool.threads()), 1, AttentionScratch.QUERY_BLOCKS) * BLOCK;
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
        seen += end(row) - begin;
      }
      int queries = (row - run) * shape.group();
      for (int p = 0; p < queries; p += each) {
        taskRow[tasks] = run;
        taskQuery[tasks] = p;
        taskQueries[tasks] = Math.min(each, queries - p);
        tasks++;
      }
    }
    return seen * shape.heads() * (shape.headDim() + shape.valueDim());
  }

  /** Tasks in reverse: later rows of a document see more keys, and the longest should go first. */
  private void tasks(int from, int to) {
    AttentionScratch s = AttentionScratch.get(shape.headDim(), shape.valueDim());
    s.pairs = 0;
    for (int i = from; i < to; i++) {
      int task = tasks - 1 - i / shape.kvHeads();
      s.kv = i % shape.kvHeads();
      s.firstRow = taskRow[task];
      s.query = taskQuery[task];
      s.queries = taskQueries[task];
      if (single != null && s.queries <= FEW && HostKeyPanels.startsPanel(begin(s.firstRow))) {
        fewQueries(s);
      } else {
        finishFew(s);
        task(s);
      }
    }
    finishFew(s);
  }

  private void finishFew(AttentionScratch s) {
    if (single != null) {
      single.finish(s);
    }
  }

  /** Queries two by two: a tile's worth of them would be worth packing keys and values for. */
  private void fewQueries(AttentionScratch s) {
    int begin = begin(s.firstRow);
    for (int i = s.query; i < s.query + s.queries; i++) {
      int keys = end(s.firstRow + i / shape.group()) - begin;
      single.add(s, shape.query(s.firstRow, s.kv, i), s.kv, begin, keys);
    }
  }

  /** Some blocks of queries against each block of keys in turn. */
  private void task(AttentionScratch s) {
    int longest = 0;
    for (int i = 0; i < s.queries; i++) {
      s.limits[i] = end(s.firstRow + (s.query + i) / shape.group()) - begin(s.firstRow);
      longest = Math.max(longest, s.limits[i]);
    }
    run(START, s);
    for (s.key = 0; s.key < longest; s.key += BLOCK) {
      s.keyCount = Math.min(BLOCK, longest - s.key);
      run(KEYS, s);
      for (s.block = 0; s.block < s.queries; s.block += BLOCK) {
        s.blockCount = Math.min(BLOCK, s.queries - s.block);
        run(QUERIES, s);
      }
    }
    run(END, s);
  }

  private void run(Step[] steps, AttentionScratch s) {
    for (Step step : steps) {
      step.run(this, s);
    }
  }

  private void packQueries(AttentionScratch s) {
    int d = shape.headDim();
    for (int b = 0; b < s.queries; b += BLOCK) {
      int m = Math.min(BLOCK, s.queries - b);
      int left = b / BLOCK * AttentionPacking.leftSize(d);
      shape.queryRows(s.firstRow, s.kv, s.query + b, m, d, s.queryRows);
      AttentionPacking.left(q, s.queryRows, m, d, s.queriesLeft, left);
    }
    int tiled = Math.ceilDiv(s.queries, ROWS) * ROWS;
    Arrays.fill(s.maxima, 0, s.queries, Float.NEGATIVE_INFINITY);
    Arrays.fill(s.sums, 0, s.queries * LANES, 0f);
    Arrays.fill(s.valueSums, 0, tiled * stride, 0f);
  }

  private void packKeys(AttentionScratch s) {
    int d = shape.headDim();
    shape.keyRows(begin(s.firstRow) + s.key, s.kv, s.keyCount, d, s.keyRows);
    AttentionPacking.rightTransposed(k, s.keyRows, s.keyCount, d, s.keysT, s);
  }

  private void packValues(AttentionScratch s) {
    int d = shape.valueDim();
    shape.valueRows(begin(s.firstRow) + s.key, s.kv, s.keyCount, s.valueRows);
    AttentionPacking.right(v, s.valueRows, s.keyCount, d, s.values);
  }

  /** Keys of the block that query {@code i} of the task sees. */
  private static int seen(AttentionScratch s, int i) {
    return Math.clamp(s.limits[i] - s.key, 0, s.keyCount);
  }

  private void scores(AttentionScratch s) {
    int d = shape.headDim();
    int left = s.block / BLOCK * AttentionPacking.leftSize(d);
    for (int t = 0; t < s.blockCount; t += ROWS) {
      countKeys(s, t);
    }
    for (int c = 0; c < s.keyCount; c += PANEL) {
      int right = c * AttentionPacking.padded(d);
      for (int t = 0; t < s.blockCount; t += ROWS) {
        if (s.most[t / ROWS] > c) {
          int at = t * BLOCK;
          AttentionTiles.multiply(
              s.queriesLeft, left + at, s.keysT, right, d, s.scores, at + c, BLOCK);
        }
      }
    }
  }

  /** Most and fewest keys of the block that a query of a tile sees. */
  private static void countKeys(AttentionScratch s, int t) {
    int most = 0;
    int fewest = s.keyCount;
    for (int i = t; i < Math.min(s.blockCount, t + ROWS); i++) {
      int seen = seen(s, s.block + i);
      most = Math.max(most, seen);
      fewest = Math.min(fewest, seen);
    }
    s.most[t / ROWS] = most;
    s.fewest[t / ROWS] = fewest;
  }

  private void softmax(AttentionScratch s) {
    float factor = shape.factor();
    for (int i = 0; i < s.blockCount; i++) {
      int row = s.block + i;
      int seen = seen(s, row);
      if (seen > 0) {
        int at = i * BLOCK;
        float old = s.maxima[row];
        AttentionSoftmax.end(s.scores, at, seen);
        float max = Math.max(old, AttentionSoftmax.max(s.scores, at, seen) * factor);
        float decay = HostMath.exp2(old - max);
        AttentionSoftmax.exp(s.scores, at, seen, factor, max, decay, s.sums, row * LANES);
        s.maxima[row] = max;
        if (decay != 1f) {
          AttentionSoftmax.scale(s.valueSums, row * stride, stride, decay);
        }
      }
    }
  }

  private void addValues(AttentionScratch s) {
    for (int c = 0; c < stride; c += PANEL) {
      for (int t = 0; t < s.blockCount; t += ROWS) {
        int shared = s.fewest[t / ROWS];
        if (shared > 0) {
          int to = (s.block + t) * stride + c;
          AttentionTiles.addNn(
              s.scores, t * BLOCK, s.values, c * BLOCK, shared, s.valueSums, to, stride);
        }
        if (s.most[t / ROWS] > shared) {
          addRest(s, c, t, shared);
        }
      }
    }
  }

  /**
   * What only some rows of the tile see goes row by row, so that a key that a row does not see
   * cannot touch it, not even as 0 * infinity.
   */
  private void addRest(AttentionScratch s, int c, int t, int shared) {
    int from = c * BLOCK + shared * PANEL;
    for (int i = t; i < Math.min(s.blockCount, t + ROWS); i++) {
      int rest = seen(s, s.block + i) - shared;
      if (rest > 0) {
        int to = (s.block + i) * stride + c;
        AttentionTiles.addRow(s.scores, i * BLOCK + shared, s.values, from, rest, s.valueSums, to);
      }
    }
  }

  private void finish(AttentionScratch s) {
    for (int i = 0; i < s.queries; i++) {
      float sum = AttentionSoftmax.total(s.sums, i * LANES);
      long at = shape.query(s.firstRow, s.kv, s.query + i);
      float inverse = sum == 0f ? 0f : 1f / sum;
      AttentionSoftmax.write(
          s.valueSums, i * stride, inverse, o + 4 * at * shape.valueDim(), shape.valueDim());
      if (lse != 0) {
        double log = s.maxima[i] / AttentionShape.LOG2_E + Math.log(sum);
        HostMath.setFloat(lse + 4 * at, (float) log);
      }
    }
  }
}
