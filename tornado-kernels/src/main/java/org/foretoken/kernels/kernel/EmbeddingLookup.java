package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** y[r] = table[ids[r]]. */
public final class EmbeddingLookup {
  private EmbeddingLookup() {}

  /**
   * One work item an element of y.
   *
   * @param ids I32 [rows], each in [0, vocabulary)
   * @param table F32 [vocabulary, columns], row-major
   * @param y F32 [rows, columns], row-major, written
   */
  public static void embeddingLookup(
      IntArray ids, FloatArray table, FloatArray y, int rows, int columns) {
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < columns; c++) {
        y.set(r * columns + c, table.get(ids.get(r) * columns + c));
      }
    }
  }
}
