package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** dx[n] = sum over k, ascending, of dy[positions[n,k]]. */
public final class ExpertDispatchBackward {
  private ExpertDispatchBackward() {}

  /**
   * One work item an element of dx.
   *
   * @param dy F32 [rows * perToken, columns], row-major
   * @param positions I32 [rows, perToken], row-major
   * @param dx F32 [rows, columns], row-major, written
   */
  public static void expertDispatchBackward(
      FloatArray dy, IntArray positions, FloatArray dx, int rows, int perToken, int columns) {
    for (@Parallel int n = 0; n < rows; n++) {
      for (@Parallel int c = 0; c < columns; c++) {
        float sum = 0f;
        for (int k = 0; k < perToken; k++) {
          sum = sum + dy.get(positions.get(n * perToken + k) * columns + c);
        }
        dx.set(n * columns + c, sum);
      }
    }
  }
}
