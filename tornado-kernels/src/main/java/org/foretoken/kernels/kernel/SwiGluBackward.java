package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** dUp = dy silu(gate); dGate = dy up sigmoid(gate) (1 + gate (1 - sigmoid(gate))). */
public final class SwiGluBackward {
  private SwiGluBackward() {}

  /**
   * One work item an element.
   *
   * @param gate F32 [n]
   * @param up F32 [n]
   * @param dy F32 [n]
   * @param dGate F32 [n], written
   * @param dUp F32 [n], written
   */
  public static void swiGluBackward(
      FloatArray gate, FloatArray up, FloatArray dy, FloatArray dGate, FloatArray dUp, int n) {
    for (@Parallel int i = 0; i < n; i++) {
      float g = gate.get(i);
      float d = dy.get(i);
      float u = up.get(i);
      float sigmoid = 1f / (1f + TornadoMath.exp(-g));
      dUp.set(i, d * g * sigmoid);
      dGate.set(i, d * u * sigmoid * (1f + g * (1f - sigmoid)));
    }
  }
}
