package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** load[e] += rows of expert e. */
public final class ExpertLoadAdd {
  private ExpertLoadAdd() {}

  /**
   * One work item an expert.
   *
   * @param segments I32 [experts, 3], row-major
   * @param load F32 [experts], updated
   */
  public static void expertLoadAdd(IntArray segments, FloatArray load, int experts) {
    for (@Parallel int e = 0; e < experts; e++) {
      load.set(e, load.get(e) + segments.get(e * ExpertTile.WIDTH + 1));
    }
  }
}
