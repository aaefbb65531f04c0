package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** partial[g] = sum of x^2 over the elements of work group g. */
public final class SumSquaresPartial {
  /** Work items of a group. */
  public static final int GROUP = GroupReduce.SIZE;

  private SumSquaresPartial() {}

  /**
   * Work group g adds every groups-th run of {@link #GROUP} elements, from the g-th on.
   *
   * @param x F32 [n]
   * @param partial F32 [groups], written
   */
  public static void sumSquaresPartial(
      KernelContext context, FloatArray x, FloatArray partial, int n, int groups) {
    float squares = 0f;
    for (int i = context.globalIdx; i < n; i += groups * GROUP) {
      float v = x.get(i);
      squares = squares + v * v;
    }
    float total = GroupReduce.sum(context, squares);
    if (context.localIdx == 0) {
      partial.set(context.groupIdx, total);
    }
  }
}
