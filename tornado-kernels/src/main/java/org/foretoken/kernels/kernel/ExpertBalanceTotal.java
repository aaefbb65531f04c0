package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** balance = sum of products. */
public final class ExpertBalanceTotal {
  /** Work items of the one group. */
  public static final int GROUP = GroupReduce.SIZE;

  private ExpertBalanceTotal() {}

  /**
   * One work group.
   *
   * @param products F32 [n]
   * @param balance F32 [1], written
   */
  public static void expertBalanceTotal(
      KernelContext context, FloatArray products, FloatArray balance, int n) {
    float part = 0f;
    for (int i = context.localIdx; i < n; i += GROUP) {
      part = part + products.get(i);
    }
    float total = GroupReduce.sum(context, part);
    if (context.localIdx == 0) {
      balance.set(0, total);
    }
  }
}
