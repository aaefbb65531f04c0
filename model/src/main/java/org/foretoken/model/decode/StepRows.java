package org.foretoken.model.decode;

import java.util.Arrays;

/** The new rows of one graph run, of any sequences, and of which of them logits are wanted. */
final class StepRows {
  /**
   * A sequence's part of the caches.
   *
   * @param first cache row of its first token
   * @param length tokens it may have
   */
  record Span(int first, int length) {}

  private int count;
  private int heads;
  private int[] ids = new int[8];
  private int[] positions = new int[8];
  private int[] firsts = new int[8];
  private int[] headRows = new int[8];

  /** Takes all rows out. */
  void clear() {
    count = 0;
    heads = 0;
  }

  /**
   * Adds a row.
   *
   * @param id its token
   * @param position its position in the sequence, which is also its place in the span
   * @param logits whether the logits that follow it are wanted
   */
  void add(int id, int position, Span span, boolean logits) {
    if (position >= span.length()) {
      throw new IllegalStateException(
          "decode: expected positions below " + span.length() + ", found " + position);
    }
    if (count == ids.length) {
      ids = Arrays.copyOf(ids, 2 * count);
      positions = Arrays.copyOf(positions, 2 * count);
      firsts = Arrays.copyOf(firsts, 2 * count);
      headRows = Arrays.copyOf(headRows, 2 * count);
    }
    ids[count] = id;
    positions[count] = position;
    firsts[count] = span.first();
    if (logits) {
      headRows[heads++] = count;
    }
    count++;
  }

  int count() {
    return count;
  }

  int id(int row) {
    return ids[row];
  }

  int position(int row) {
    return positions[row];
  }

  /** Cache row of the first token of the row's sequence. */
  int first(int row) {
    return firsts[row];
  }

  /** Number of rows of which logits are wanted. */
  int heads() {
    return heads;
  }

  /** The {@code i}-th row of which logits are wanted. */
  int headRow(int i) {
    return headRows[i];
  }
}
