package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** dLogits += coefficient * gradient of the balance loss, f held fixed. */
public final class ExpertBalanceBackward {
  private ExpertBalanceBackward() {}

  /**
   * One work item a row.
   *
   * @param scores F32 [rows, experts], row-major
   * @param firstRow I32 [rows]
   * @param sums F32 [rows], of each row's scores
   * @param shares F32 [rows, experts], row-major, f in the first row of each document
   * @param coefficient F32 [1]
   * @param dLogits F32 [rows, experts], row-major, updated
   */
  public static void expertBalanceBackward(
      FloatArray scores,
      IntArray firstRow,
      FloatArray sums,
      FloatArray shares,
      FloatArray coefficient,
      FloatArray dLogits,
      int rows,
      int experts) {
    for (@Parallel int n = 0; n < rows; n++) {
      int document = firstRow.get(n) * experts;
      float sum = sums.get(n);
      float weighted = 0f;
      for (int i = 0; i < experts; i++) {
        weighted = weighted + shares.get(document + i) * scores.get(n * experts + i);
      }
      float mean = weighted / sum;
      float factor = coefficient.get(0) / rows;
      for (int i = 0; i < experts; i++) {
        float s = scores.get(n * experts + i);
        float dScore = factor * (shares.get(document + i) - mean) / sum;
        int at = n * experts + i;
        dLogits.set(at, dLogits.get(at) + dScore * s * (1f - s));
      }
    }
  }
}
