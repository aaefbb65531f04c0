package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[i] = gate[i] * sigmoid(gate[i]) * up[i]. */
public final class SwiGluForward {
  private SwiGluForward() {}

  /**
   * One work item an element.
   *
   * @param gate F32 [n]
   * @param up F32 [n]
   * @param y F32 [n], written
   */
  public static void swiGluForward(FloatArray gate, FloatArray up, FloatArray y, int n) {
    for (@Parallel int i = 0; i < n; i++) {
      float g = gate.get(i);
      y.set(i, g / (1f + TornadoMath.exp(-g)) * up.get(i));
    }
  }
}
