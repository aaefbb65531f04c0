package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.AttentionTiles.BLOCK;
import static org.foretoken.kernels.host.AttentionTiles.PANEL;
import static org.foretoken.kernels.host.HostMath.LANES;

/** Buffers of one thread for attention; they grow to the largest head seen. */
final class AttentionScratch {
  private static final ThreadLocal<AttentionScratch> LOCAL =
      ThreadLocal.withInitial(AttentionScratch::new);

  private static final float[] EMPTY = {};

  /** A square of elements before and in the middle of its transposition. */
  final float[] square = new float[LANES * LANES];

  final float[] halfway = new float[LANES * LANES];

  /** Blocks of queries that share the packed keys of one task. */
  static final int QUERY_BLOCKS = 4;

  /** First byte of each row of a block, for up to four operands. */
  final long[] queryRows = new long[BLOCK];

  final long[] keyRows = new long[BLOCK];
  final long[] valueRows = new long[BLOCK];
  final long[] outputRows = new long[BLOCK];

  /** Scores, then probabilities, and the gradient of the scores: [queries][BLOCK]. */
  final float[] scores = new float[BLOCK * BLOCK];

  final float[] dScores = new float[BLOCK * BLOCK];

  /**
   * Keys that each query of a task sees, and per query: running maximum of the exponents, lane-wise
   * sums.
   */
  final int[] limits = new int[QUERY_BLOCKS * BLOCK];

  /** Most and fewest keys of a block that a query of each tile sees. */
  final int[] most = new int[BLOCK / AttentionTiles.ROWS];

  final int[] fewest = new int[BLOCK / AttentionTiles.ROWS];

  final float[] maxima = new float[QUERY_BLOCKS * BLOCK];
  final float[] sums = new float[QUERY_BLOCKS * BLOCK * LANES];

  /** Left operands; queries of all blocks of a task. */
  float[] queriesLeft = EMPTY;

  float[] outputsLeft = EMPTY;

  /** Right operands, transposed. */
  float[] keysT = EMPTY;

  float[] valuesT = EMPTY;

  /** Right operands as they are. */
  float[] queriesRight = EMPTY;

  float[] outputsRight = EMPTY;
  float[] keys = EMPTY;
  float[] values = EMPTY;

  /** Results, [rows][columns rounded up to panels]: dk and dv of a block, o of a task. */
  float[] keySums = EMPTY;

  float[] valueSums = EMPTY;

  /** Per query of a document: dq, lse in base 2, and the product of output and its gradient. */
  float[] querySums = EMPTY;

  float[] lse = EMPTY;
  float[] delta = EMPTY;

  /** Queries that go together in {@link HostCachedQuery}: which, and from which key on. */
  final long[] pairAt = new long[2];

  final int[] pairKv = new int[2];
  final int[] pairBegin = new int[2];
  int pairs;

  /** Where the thread is: key/value head, first row of the run or document, */
  int kv;

  int firstRow;

  /** first query of the task and its queries, */
  int query;

  int queries;

  /** the block of keys, from the first key that the run sees, */
  int key;

  int keyCount;

  /** and the block of queries, from the task's first. */
  int block;

  int blockCount;

  private AttentionScratch() {}

  /** This thread's buffers, large enough for heads of these widths. */
  static AttentionScratch get(int headDim, int valueDim) {
    AttentionScratch s = LOCAL.get();
    int key = BLOCK * stride(headDim);
    int value = BLOCK * stride(valueDim);
    if (s.keysT.length < key) {
      s.queriesLeft = new float[QUERY_BLOCKS * AttentionPacking.leftSize(headDim)];
      s.keysT = new float[key];
      s.queriesRight = new float[key];
      s.keys = new float[key];
      s.keySums = new float[key];
    }
    if (s.valuesT.length < value) {
      s.outputsLeft = new float[AttentionPacking.leftSize(valueDim)];
      s.valuesT = new float[value];
      s.outputsRight = new float[value];
      s.values = new float[value];
      s.valueSums = new float[QUERY_BLOCKS * value];
    }
    return s;
  }

  /** Makes room for {@code n} queries of a document. */
  void growQueries(int n, int headDim) {
    int rows = n + AttentionTiles.ROWS;
    int size = Math.multiplyExact(rows, stride(headDim));
    if (querySums.length < size) {
      querySums = new float[size];
    }
    if (lse.length < rows) {
      lse = new float[rows];
      delta = new float[rows];
    }
  }

  /** Floats from one row of results to the next: columns rounded up to whole panels. */
  static int stride(int columns) {
    return AttentionTiles.panels(columns) * PANEL;
  }
}
