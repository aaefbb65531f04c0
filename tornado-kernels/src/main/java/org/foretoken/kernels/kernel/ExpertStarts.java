package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** First row and first tile of each expert from the rows of those before it. */
public final class ExpertStarts {
  private ExpertStarts() {}

  /**
   * One work item an expert.
   *
   * @param segments I32 [experts, 3], row-major; first row and first tile written
   */
  public static void expertStarts(IntArray segments, int experts) {
    for (@Parallel int e = 0; e < experts; e++) {
      int row = 0;
      int tile = 0;
      for (int before = 0; before < e; before++) {
        int rows = segments.get(before * ExpertTile.WIDTH + 1);
        row = row + rows;
        tile = tile + ExpertTile.tiles(rows);
      }
      segments.set(e * ExpertTile.WIDTH, row);
      segments.set(e * ExpertTile.WIDTH + 2, tile);
    }
  }
}
