package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** counts[b,e] = pairs of block b that go to expert e. */
public final class ExpertCounts {
  /** Pairs of a block. */
  public static final int BLOCK = 128;

  private ExpertCounts() {}

  /**
   * One work item a block.
   *
   * @param selected I32 [pairs]
   * @param counts I32 [blocks, experts], row-major, written
   */
  public static void expertCounts(
      IntArray selected, IntArray counts, int pairs, int blocks, int experts) {
    for (@Parallel int b = 0; b < blocks; b++) {
      for (int e = 0; e < experts; e++) {
        counts.set(b * experts + e, 0);
      }
      int left = pairs - b * BLOCK;
      int n = left < BLOCK ? left : BLOCK;
      for (int i = 0; i < n; i++) {
        int at = b * experts + selected.get(b * BLOCK + i);
        counts.set(at, counts.get(at) + 1);
      }
    }
  }
}
