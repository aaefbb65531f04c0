package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** partial[s] = sum over the rows of strip s of dy * x * rstd: stage one of RMSNorm's dWeight. */
public final class RmsNormWeightPartial {
  private RmsNormWeightPartial() {}

  /**
   * One work item a strip and column; the order of addition never changes.
   *
   * @param x F32 [rows, columns], row-major
   * @param rstd F32 [rows]
   * @param dy F32 [rows, columns], row-major
   * @param partial F32 [strips, columns], row-major, written
   * @param stripRows rows of a strip; strips * stripRows >= rows
   */
  public static void rmsNormWeightPartial(
      FloatArray x,
      FloatArray rstd,
      FloatArray dy,
      FloatArray partial,
      int rows,
      int columns,
      int strips,
      int stripRows) {
    for (@Parallel int s = 0; s < strips; s++) {
      for (@Parallel int c = 0; c < columns; c++) {
        int end = s * stripRows + stripRows;
        if (end > rows) {
          end = rows;
        }
        float sum = 0f;
        for (int r = s * stripRows; r < end; r++) {
          sum = sum + dy.get(r * columns + c) * (x.get(r * columns + c) * rstd.get(r));
        }
        partial.set(s * columns + c, sum);
      }
    }
  }
}
