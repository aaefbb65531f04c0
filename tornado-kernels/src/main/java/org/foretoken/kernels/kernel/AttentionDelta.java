package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** delta[r, h] = sum over c of dO[r, h, c] * o[r, h, c]: what softmax's gradient subtracts. */
public final class AttentionDelta {
  private AttentionDelta() {}

  /**
   * One work item a row and head.
   *
   * @param o F32 [rows, heads * valueDim], row-major
   * @param dO F32 [rows, heads * valueDim], row-major
   * @param delta F32 [rows, heads], row-major, written
   */
  public static void attentionDelta(
      FloatArray o, FloatArray dO, FloatArray delta, int rows, int heads, int valueDim) {
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int h = 0; h < heads; h++) {
        float sum = 0f;
        for (int c = 0; c < valueDim; c++) {
          int i = (r * heads + h) * valueDim + c;
          sum = sum + dO.get(i) * o.get(i);
        }
        delta.set(r * heads + h, sum);
      }
    }
  }
}
