package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The gates' gradient through normalisation and sigmoid, for the selected experts. */
public final class ExpertGateBackward {
  private ExpertGateBackward() {}

  /**
   * One work item a row.
   *
   * @param scores F32 [rows, experts], row-major
   * @param selected I32 [rows, perToken], row-major
   * @param dGates F32 [rows, perToken], row-major
   * @param dLogits F32 [rows, experts], row-major, written
   * @param normalize 1 where gates were divided by the sum of the selected scores
   * @param scale factor on the gates
   * @param epsilon added to that sum
   */
  public static void expertGateBackward(
      FloatArray scores,
      IntArray selected,
      FloatArray dGates,
      FloatArray dLogits,
      int rows,
      int experts,
      int perToken,
      int normalize,
      float scale,
      float epsilon) {
    for (@Parallel int n = 0; n < rows; n++) {
      float sum = epsilon;
      float weighted = 0f;
      for (int k = 0; k < perToken; k++) {
        float score = scores.get(n * experts + selected.get(n * perToken + k));
        sum = sum + score;
        weighted = weighted + dGates.get(n * perToken + k) * score;
      }
      float mean = normalize == 1 ? weighted / sum : 0f;
      float divisor = normalize == 1 ? sum : 1f;
      for (int i = 0; i < experts; i++) {
        dLogits.set(n * experts + i, 0f);
      }
      for (int k = 0; k < perToken; k++) {
        int at = n * experts + selected.get(n * perToken + k);
        float score = scores.get(at);
        float dScore = scale * ((dGates.get(n * perToken + k) - mean) / divisor);
        dLogits.set(at, dScore * score * (1f - score));
      }
    }
  }
}
