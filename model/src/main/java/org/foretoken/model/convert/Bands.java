package org.foretoken.model.convert;

import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.InputException;

/**
 * A matrix [rows, columns] cut into bands of whole rows that hold whole groups of a granularity, so
 * that each can be converted on its own in bounded memory.
 */
record Bands(int rows, int columns, int bandRows) {
  /** Elements of a band, about. */
  private static final int ELEMENTS = 1 << 22;

  /** Elements of a band, at most: a group of rows that is wider than this is refused. */
  private static final int MOST_ELEMENTS = 1 << 25;

  /** A band of a matrix. */
  @FunctionalInterface
  interface Body {
    /** Works on {@code count} rows from {@code first} on. */
    void band(int first, int count) throws java.io.IOException;
  }

  /**
   * Cuts a matrix.
   *
   * @param where the tensor, for messages
   * @throws InputException if it has more rows or columns than 2^31 - 1, or rows too long
   */
  static Bands of(String where, long rows, long columns, Granularity tile) {
    int groupRows = tile.rows() == Granularity.WHOLE ? 1 : tile.rows();
    boolean fits =
        rows <= Integer.MAX_VALUE
            && columns <= MOST_ELEMENTS
            && Math.min(rows, groupRows) * columns <= MOST_ELEMENTS;
    if (!fits) {
      throw new InputException(
          String.format(
              "%s: expected at most %d elements in a row of groups, found a matrix [%d, %d]; exclude"
                  + " it",
              where, MOST_ELEMENTS, rows, columns));
    }
    int groups = (int) Math.max(1, ELEMENTS / (columns * groupRows));
    return new Bands((int) rows, (int) columns, Math.multiplyExact(groups, groupRows));
  }

  /** Works on all bands in order. */
  void forEach(Body body) throws java.io.IOException {
    for (long first = 0; first < rows; first += bandRows) {
      body.band((int) first, (int) Math.min(bandRows, rows - first));
    }
  }
}
