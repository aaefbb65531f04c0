package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** positions[i] = grouped row of pair i, in ascending order of i within an expert. */
public final class ExpertPlace {
  private ExpertPlace() {}

  /**
   * One work item a block of {@link ExpertCounts#BLOCK} pairs.
   *
   * @param selected I32 [pairs]
   * @param segments I32 [experts, 3], row-major
   * @param counts I32 [blocks, experts], row-major: pairs of the blocks before; updated
   * @param positions I32 [pairs], written
   */
  public static void expertPlace(
      IntArray selected,
      IntArray segments,
      IntArray counts,
      IntArray positions,
      int pairs,
      int blocks,
      int experts) {
    for (@Parallel int b = 0; b < blocks; b++) {
      int left = pairs - b * ExpertCounts.BLOCK;
      int n = left < ExpertCounts.BLOCK ? left : ExpertCounts.BLOCK;
      for (int i = 0; i < n; i++) {
        int pair = b * ExpertCounts.BLOCK + i;
        int expert = selected.get(pair);
        int before = counts.get(b * experts + expert);
        positions.set(pair, segments.get(expert * ExpertTile.WIDTH) + before);
        counts.set(b * experts + expert, before + 1);
      }
    }
  }
}
