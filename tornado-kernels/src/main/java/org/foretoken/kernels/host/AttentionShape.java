package org.foretoken.kernels.host;

import org.foretoken.kernels.graph.GraphException;

/**
 * Heads of an attention and where they lie.
 *
 * <p>The queries that share a key/value head, of all rows of a run and all heads of the group, are
 * numbered row by row: query p is head p % group of row p / group.
 *
 * @param heads query heads
 * @param kvHeads key/value heads
 * @param headDim query and key width
 * @param valueDim value width
 * @param valueStride floats from one value head to the next; more than the width where a value is
 *     the first part of something wider
 * @param scale factor on the scores
 */
record AttentionShape(
    int heads, int kvHeads, int headDim, int valueDim, int valueStride, float scale) {
  /** Keys and values in matrices of their own. */
  AttentionShape(int heads, int kvHeads, int headDim, int valueDim, float scale) {
    this(heads, kvHeads, headDim, valueDim, valueDim, scale);
  }

  /** log2(e). */
  static final double LOG2_E = 1 / Math.log(2);

  /**
   * Checks that larger scores are larger probabilities.
   *
   * @throws GraphException where the scale is not above 0
   */
  AttentionShape checked(HostOperands x) {
    if (!(scale > 0)) {
      throw new GraphException(x.where() + ": expected a scale above 0, found " + scale);
    }
    return this;
  }

  /** Factor that makes a score an exponent of 2. */
  float factor() {
    return (float) (scale * LOG2_E);
  }

  /** Query heads to a key/value head. */
  int group() {
    return heads / kvHeads;
  }

  /** Index among all rows' heads of query {@code p} of key/value head {@code kv}. */
  long query(int firstRow, int kv, int p) {
    int group = group();
    return (long) (firstRow + p / group) * heads + (long) kv * group + p % group;
  }

  /** First bytes of {@code n} heads of queries from {@code p} on, {@code width} floats each. */
  void queryRows(int firstRow, int kv, int p, int n, int width, long[] rows) {
    for (int i = 0; i < n; i++) {
      rows[i] = query(firstRow, kv, p + i) * width << 2;
    }
  }

  /** First bytes of {@code n} heads of keys from row {@code row} on, {@code width} floats each. */
  void keyRows(int row, int kv, int n, int width, long[] rows) {
    for (int i = 0; i < n; i++) {
      rows[i] = ((long) (row + i) * kvHeads + kv) * width << 2;
    }
  }

  /** First bytes of {@code n} heads of values from row {@code row} on. */
  void valueRows(int row, int kv, int n, long[] rows) {
    keyRows(row, kv, n, valueStride, rows);
  }
}
