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

  /** First byte of each row of a block, for up to four operands. */
  final long[] queryRows = new long[BLOCK];

  final long[] keyRows = new long[BLOCK];
  final long[] valueRows = new long[BLOCK];
  final long[] outputRows = new long[BLOCK];

  /** Scores, then probabilities, and the gradient of the scores: [queries][BLOCK]. */
  final float[] scores = new float[BLOCK * BLOCK];

  final float[] dScores = new float[BLOCK * BLOCK];

  /** Keys that each query of a block sees, and per query: running maximum, lane-wise sums. */
  final int[] limits = new int[BLOCK];

  final float[] maxima = new float[BLOCK];
  final float[] sums = new float[BLOCK * LANES];

  /** Transposed operands. */
  float[] queriesT = EMPTY;

  float[] outputsT = EMPTY;
  float[] keysT = EMPTY;
  float[] valuesT = EMPTY;

  /** Operands in panels. */
  float[] queries = EMPTY;

  float[] outputs = EMPTY;
  float[] keys = EMPTY;
  float[] values = EMPTY;

  /** Results of a block, [BLOCK][columns rounded up to panels]. */
  float[] keySums = EMPTY;

  float[] valueSums = EMPTY;

  /** Per query of a document: dq, lse, and the product of output and its gradient. */
  float[] querySums = EMPTY;

  float[] lse = EMPTY;
  float[] delta = EMPTY;

  private AttentionScratch() {}

  /** This thread's buffers, large enough for heads of these widths. */
  static AttentionScratch get(int headDim, int valueDim) {
    AttentionScratch s = LOCAL.get();
    int key = BLOCK * stride(headDim);
    int value = BLOCK * stride(valueDim);
    if (s.keysT.length < key) {
      s.queriesT = new float[key];
      s.keysT = new float[key];
      s.queries = new float[key];
      s.keys = new float[key];
      s.keySums = new float[key];
    }
    if (s.valuesT.length < value) {
      s.outputsT = new float[value];
      s.valuesT = new float[value];
      s.outputs = new float[value];
      s.values = new float[value];
      s.valueSums = new float[value];
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
