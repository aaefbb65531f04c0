package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** counts[b,e] = pairs of the blocks before b that go to expert e; segments[e] gets all of them. */
public final class ExpertTotals {
  private ExpertTotals() {}

  /**
   * One work item an expert.
   *
   * @param counts I32 [blocks, experts], row-major, updated
   * @param segments I32 [experts, 3], row-major, the number of rows written
   */
  public static void expertTotals(IntArray counts, IntArray segments, int blocks, int experts) {
    for (@Parallel int e = 0; e < experts; e++) {
      int rows = 0;
      for (int b = 0; b < blocks; b++) {
        int here = counts.get(b * experts + e);
        counts.set(b * experts + e, rows);
        rows = rows + here;
      }
      segments.set(e * ExpertTile.WIDTH + 1, rows);
    }
  }
}
