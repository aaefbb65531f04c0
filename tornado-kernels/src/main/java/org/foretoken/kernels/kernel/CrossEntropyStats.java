package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** stats = {sum of nll, count, sum of hits, 0}. */
public final class CrossEntropyStats {
  /** Work items of the one group. */
  public static final int GROUP = GroupReduce.SIZE;

  private CrossEntropyStats() {}

  /**
   * One work group.
   *
   * @param nll F32 [rows]
   * @param hits F32 [rows]
   * @param count F32 [1]
   * @param stats F32 [4], written
   */
  public static void crossEntropyStats(
      KernelContext context,
      FloatArray nll,
      FloatArray hits,
      FloatArray count,
      FloatArray stats,
      int rows) {
    float losses = 0f;
    float largest = 0f;
    for (int r = context.localIdx; r < rows; r += GROUP) {
      losses = losses + nll.get(r);
      largest = largest + hits.get(r);
    }
    float loss = GroupReduce.sum(context, losses);
    float hit = GroupReduce.sum(context, largest);
    if (context.localIdx == 0) {
      stats.set(0, loss);
      stats.set(1, count.get(0));
      stats.set(2, hit);
      stats.set(3, 0f);
    }
  }
}
