package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[i] = 0. */
public final class ZeroFill {
  private ZeroFill() {}

  /**
   * One work item an element.
   *
   * @param y F32 [n], written
   */
  public static void zeroFill(FloatArray y, int n) {
    for (@Parallel int i = 0; i < n; i++) {
      y.set(i, 0f);
    }
  }
}
