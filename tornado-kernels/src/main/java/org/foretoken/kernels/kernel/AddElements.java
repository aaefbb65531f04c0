package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[i] = a[i] + b[i]. */
public final class AddElements {
  private AddElements() {}

  /**
   * One work item an element; y may be a or b.
   *
   * @param a F32 [n]
   * @param b F32 [n]
   * @param y F32 [n], written
   */
  public static void addElements(FloatArray a, FloatArray b, FloatArray y, int n) {
    for (@Parallel int i = 0; i < n; i++) {
      y.set(i, a.get(i) + b.get(i));
    }
  }
}
