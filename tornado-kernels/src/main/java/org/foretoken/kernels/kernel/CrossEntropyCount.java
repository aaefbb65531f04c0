package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** count[0] = the number of rows whose target counts, that is, is not negative. */
public final class CrossEntropyCount {
  /** Work items of the one group. */
  public static final int GROUP = GroupReduce.SIZE;

  private CrossEntropyCount() {}

  /**
   * One work group.
   *
   * @param targets I32 [rows]
   * @param count F32 [1], written
   */
  public static void crossEntropyCount(
      KernelContext context, IntArray targets, FloatArray count, int rows) {
    float mine = 0f;
    for (int r = context.localIdx; r < rows; r += GROUP) {
      mine = targets.get(r) >= 0 ? mine + 1f : mine;
    }
    float total = GroupReduce.sum(context, mine);
    if (context.localIdx == 0) {
      count.set(0, total);
    }
  }
}
