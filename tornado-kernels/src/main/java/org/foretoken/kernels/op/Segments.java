package org.foretoken.kernels.op;

import java.util.List;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Tensor;

/**
 * Rows grouped by expert, as {@link ExpertOrder} describes them in an I32 tensor [X,3]: for each
 * expert its first row, its number of rows, and its first 128x1 tile. A tensor of R grouped rows
 * has no padding; tiles of 128 rows start anew with each expert, so that none holds rows of two,
 * and an expert's last tile may be short. An expert without rows has no tile.
 */
public final class Segments {
  /** Integers that describe an expert. */
  public static final int WIDTH = 3;

  /** Index of the first row. */
  public static final int FIRST = 0;

  /** Index of the number of rows. */
  public static final int ROWS = 1;

  /** Index of the first tile. */
  public static final int TILE = 2;

  private Segments() {}

  /** Most tiles that R rows can fall into, however they are spread over the experts. */
  public static int mostTiles(int rows, int experts) {
    int used = Math.min(rows, experts);
    return Math.toIntExact((rows + (Tile.SIZE - 1L) * used) / Tile.SIZE);
  }

  /** Checks that {@code grouped} has a row for each of a token's experts. */
  static void checkRows(String where, Tensor grouped, Tensor positions) {
    long expected = positions.shape().elements();
    if (grouped.rows() != expected) {
      throw new GraphException(
          where
              + ": operand '"
              + grouped
              + "' expected "
              + expected
              + " rows, one for each element of '"
              + positions
              + "', found "
              + grouped.rows());
    }
  }

  /** Checks that the scales of 128x1 tiles of {@code grouped} have room for every spread. */
  static void checkTiles(String where, Tensor grouped, int experts, List<Tensor> scales) {
    int expected = mostTiles(grouped.rows(), experts);
    for (Tensor s : scales) {
      if (s.rows() != expected) {
        throw new GraphException(
            where
                + ": operand '"
                + s
                + "' expected "
                + expected
                + " rows, the most tiles of "
                + grouped.rows()
                + " rows over "
                + experts
                + " experts, found "
                + s.rows());
      }
    }
  }
}
