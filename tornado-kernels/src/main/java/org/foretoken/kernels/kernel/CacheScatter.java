package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** cache[slots[r]] = x[r]. */
public final class CacheScatter {
  private CacheScatter() {}

  /**
   * One work item an element of x.
   *
   * @param x F32 [rows, columns], row-major
   * @param slots I32 [rows], distinct rows of cache
   * @param cache F32 [capacity, columns], row-major, updated
   */
  public static void cacheScatter(
      FloatArray x, IntArray slots, FloatArray cache, int rows, int columns) {
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < columns; c++) {
        cache.set(slots.get(r) * columns + c, x.get(r * columns + c));
      }
    }
  }
}
