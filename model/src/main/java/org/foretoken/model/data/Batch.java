package org.foretoken.model.data;

import org.foretoken.model.mtp.MtpTargets;

/**
 * Sequences of a batch one after the other. Each is one or several documents, packed: no row
 * attends, and no target reaches, across the end of a document.
 *
 * @param ids token of each row
 * @param positions position of each row in its document, counted from the start of its sequence
 * @param firstRow first row of each row's document in this batch
 */
public record Batch(int[] ids, int[] positions, int[] firstRow) {
  /** Inputs and targets of every depth. */
  public MtpTargets targets() {
    return new MtpTargets(ids, firstRow);
  }

  /** Number of rows: batch size times sequence length. */
  public int rows() {
    return ids.length;
  }

  static Batch empty(int rows) {
    return new Batch(new int[rows], new int[rows], new int[rows]);
  }

  /** Fills sequence {@code index} of length {@code length} with the tokens from {@code start}. */
  void fill(TokenStream stream, int index, int length, int start, boolean documentMask) {
    int row0 = index * length;
    int document = row0;
    for (int t = 0; t < length; t++) {
      int row = row0 + t;
      if (documentMask && t > 0 && stream.documentStart(start + t) == start + t) {
        document = row;
      }
      ids[row] = stream.token(start + t);
      firstRow[row] = document;
      positions[row] = row - document;
    }
  }
}
