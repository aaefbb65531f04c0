package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** y[n] = sum over k, ascending, of gates[n,k] * x[positions[n,k]]. */
public final class ExpertCombineForward {
  private ExpertCombineForward() {}

  /**
   * One work item an element of y.
   *
   * @param x F32 [rows * perToken, columns], row-major
   * @param positions I32 [rows, perToken], row-major
   * @param gates F32 [rows, perToken], row-major
   * @param y F32 [rows, columns], row-major, written
   */
  public static void expertCombineForward(
      FloatArray x,
      IntArray positions,
      FloatArray gates,
      FloatArray y,
      int rows,
      int perToken,
      int columns) {
    for (@Parallel int n = 0; n < rows; n++) {
      for (@Parallel int c = 0; c < columns; c++) {
        float sum = 0f;
        for (int k = 0; k < perToken; k++) {
          int pair = n * perToken + k;
          sum = sum + gates.get(pair) * x.get(positions.get(pair) * columns + c);
        }
        y.set(n * columns + c, sum);
      }
    }
  }
}
