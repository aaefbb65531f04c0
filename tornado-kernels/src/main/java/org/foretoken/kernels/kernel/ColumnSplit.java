package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** [a[r] ; b[r]] = y[r]. */
public final class ColumnSplit {
  private ColumnSplit() {}

  /**
   * One work item an element of y.
   *
   * @param y F32 [rows, aColumns + bColumns], row-major
   * @param a F32 [rows, aColumns], row-major, written
   * @param b F32 [rows, bColumns], row-major, written
   */
  public static void columnSplit(
      FloatArray y, FloatArray a, FloatArray b, int rows, int aColumns, int bColumns) {
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < aColumns + bColumns; c++) {
        float v = y.get(r * (aColumns + bColumns) + c);
        if (c < aColumns) {
          a.set(r * aColumns + c, v);
        } else {
          b.set(r * bColumns + c - aColumns, v);
        }
      }
    }
  }
}
