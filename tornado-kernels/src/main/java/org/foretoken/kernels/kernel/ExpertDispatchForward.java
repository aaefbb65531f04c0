package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** y[positions[i]] = x[i / perToken]. */
public final class ExpertDispatchForward {
  private ExpertDispatchForward() {}

  /**
   * One work item an element of y.
   *
   * @param x F32 [pairs / perToken, columns], row-major
   * @param positions I32 [pairs]
   * @param y F32 [pairs, columns], row-major, written
   */
  public static void expertDispatchForward(
      FloatArray x, IntArray positions, FloatArray y, int pairs, int perToken, int columns) {
    for (@Parallel int i = 0; i < pairs; i++) {
      for (@Parallel int c = 0; c < columns; c++) {
        y.set(positions.get(i) * columns + c, x.get(i / perToken * columns + c));
      }
    }
  }
}
