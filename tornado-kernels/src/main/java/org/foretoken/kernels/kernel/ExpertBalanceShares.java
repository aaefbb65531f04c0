package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** f and f P of each document and expert, in the document's first row. */
public final class ExpertBalanceShares {
  private ExpertBalanceShares() {}

  /**
   * One work item a row and expert; those of rows that no document starts with do nothing.
   *
   * @param scores F32 [rows, experts], row-major
   * @param firstRow I32 [rows]
   * @param sums F32 [rows], of each row's scores
   * @param kth I32 [rows], the expert that is the last of a row's K largest
   * @param shares F32 [rows, experts], row-major, written for first rows: X / (K T) * rows whose K
   *     largest include the expert
   * @param products F32 [rows, experts], row-major, written: T / rows * f P in first rows, else 0
   */
  public static void expertBalanceShares(
      FloatArray scores,
      IntArray firstRow,
      FloatArray sums,
      IntArray kth,
      FloatArray shares,
      FloatArray products,
      int rows,
      int experts,
      int perToken) {
    for (@Parallel int n = 0; n < rows; n++) {
      for (@Parallel int i = 0; i < experts; i++) {
        int stop = firstRow.get(n) == n ? rows : n;
        int length = 0;
        int count = 0;
        float p = 0f;
        for (int r = n; r < stop; r++) {
          if (firstRow.get(r) == n) {
            float v = scores.get(r * experts + i);
            float bound = scores.get(r * experts + kth.get(r));
            int above = v > bound ? 1 : 0;
            int equal = v == bound ? 1 : 0;
            int notBehind = i > kth.get(r) ? 0 : 1;
            count = count + above + equal * notBehind; // a product: see ExpertGateSelect
            length = length + 1;
            p = p + v / sums.get(r);
          }
        }
        float t = length > 0 ? (float) length : 1f;
        float share = (float) count * experts / (perToken * t);
        if (length > 0) {
          shares.set(n * experts + i, share);
        }
        products.set(n * experts + i, share * (p / t) * length / rows);
      }
    }
  }
}
