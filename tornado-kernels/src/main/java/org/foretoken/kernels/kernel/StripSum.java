package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** total[c] += sum over s of partial[s, c], in ascending order of s. */
public final class StripSum {
  private StripSum() {}

  /**
   * One work item a column.
   *
   * @param partial F32 [strips, columns], row-major
   * @param total F32 [columns], updated
   */
  public static void stripSum(FloatArray partial, FloatArray total, int strips, int columns) {
    for (@Parallel int c = 0; c < columns; c++) {
      float sum = total.get(c);
      for (int s = 0; s < strips; s++) {
        sum = sum + partial.get(s * columns + c);
      }
      total.set(c, sum);
    }
  }
}
