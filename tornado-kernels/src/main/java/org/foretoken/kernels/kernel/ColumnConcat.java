package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[r] = [a[r] ; b[r]]. */
public final class ColumnConcat {
  private ColumnConcat() {}

  /**
   * One work item an element of y.
   *
   * @param a F32 [rows, aColumns], row-major
   * @param b F32 [rows, bColumns], row-major
   * @param y F32 [rows, aColumns + bColumns], row-major, written
   */
  public static void columnConcat(
      FloatArray a, FloatArray b, FloatArray y, int rows, int aColumns, int bColumns) {
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < aColumns + bColumns; c++) {
        float v;
        if (c < aColumns) {
          v = a.get(r * aColumns + c);
        } else {
          v = b.get(r * bColumns + c - aColumns);
        }
        y.set(r * (aColumns + bColumns) + c, v);
      }
    }
  }
}
