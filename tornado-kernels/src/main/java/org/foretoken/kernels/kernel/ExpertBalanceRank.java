package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Of each row the sum of its scores, and the expert that is the last of its K largest. */
public final class ExpertBalanceRank {
  /** Below every score. */
  private static final float NONE = -1f;

  private ExpertBalanceRank() {}

  /**
   * One work item a row. The order is that of {@link ExpertGateSelect}.
   *
   * @param scores F32 [rows, experts], row-major
   * @param sums F32 [rows], written
   * @param kth I32 [rows], written
   */
  public static void expertBalanceRank(
      FloatArray scores, FloatArray sums, IntArray kth, int rows, int experts, int perToken) {
    for (@Parallel int n = 0; n < rows; n++) {
      float sum = 0f;
      for (int i = 0; i < experts; i++) {
        sum = sum + scores.get(n * experts + i);
      }
      sums.set(n, sum);
      float last = 3e38f;
      int lastIndex = -1;
      for (int k = 0; k < perToken; k++) {
        int best = 0;
        float most = NONE;
        for (int i = 0; i <= lastIndex; i++) {
          float v = scores.get(n * experts + i);
          v = v < last ? v : NONE;
          best = v > most ? i : best;
          most = v > most ? v : most;
        }
        for (int i = lastIndex + 1; i < experts; i++) {
          float v = scores.get(n * experts + i);
          v = v <= last ? v : NONE;
          best = v > most ? i : best;
          most = v > most ? v : most;
        }
        last = most;
        lastIndex = best;
      }
      kth.set(n, lastIndex);
    }
  }
}
