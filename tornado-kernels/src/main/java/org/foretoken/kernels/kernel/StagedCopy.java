package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * target[range[0] + i] = staging[i] for i < range[1]: how the host changes a resident array.
 *
 * <p>Each of the four copies a chunk; staging is an array of {@code chunk} elements, range is I32
 * [2], target is updated.
 */
public final class StagedCopy {
  private StagedCopy() {}

  /** Copies FP32 values. */
  public static void copyFloats(FloatArray staging, IntArray range, FloatArray target, int chunk) {
    for (@Parallel int i = 0; i < chunk; i++) {
      if (i < range.get(1)) {
        target.set(range.get(0) + i, staging.get(i));
      }
    }
  }

  /** Copies I32 values. */
  public static void copyInts(IntArray staging, IntArray range, IntArray target, int chunk) {
    for (@Parallel int i = 0; i < chunk; i++) {
      if (i < range.get(1)) {
        target.set(range.get(0) + i, staging.get(i));
      }
    }
  }

  /** Copies 16-bit codes. */
  public static void copyShorts(ShortArray staging, IntArray range, ShortArray target, int chunk) {
    for (@Parallel int i = 0; i < chunk; i++) {
      if (i < range.get(1)) {
        target.set(range.get(0) + i, staging.get(i));
      }
    }
  }

  /** Copies 8-bit codes. */
  public static void copyBytes(ByteArray staging, IntArray range, ByteArray target, int chunk) {
    for (@Parallel int i = 0; i < chunk; i++) {
      if (i < range.get(1)) {
        target.set(range.get(0) + i, staging.get(i));
      }
    }
  }
}
