package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** dTable[ids[r]] += dy[r], rows of equal id in ascending order of r. */
public final class EmbeddingScatter {
  /** Work items of a group. */
  public static final int GROUP = 128;

  private EmbeddingScatter() {}

  /**
   * One work group a row of dy; the group of an id's first occurrence adds all rows of that id, the
   * others have nothing to do. No atomics: the sum is the same in every run.
   *
   * @param ids I32 [rows], each in [0, vocabulary)
   * @param dy F32 [rows, columns], row-major
   * @param dTable F32 [vocabulary, columns], row-major, updated
   */
  public static void embeddingScatter(
      KernelContext context,
      IntArray ids,
      FloatArray dy,
      FloatArray dTable,
      int rows,
      int columns) {
    int[] earlier = context.allocateIntLocalArray(GROUP);
    int item = context.localIdx;
    int row = context.groupIdx;
    int id = ids.get(row);
    int seen = 0;
    for (int r = item; r < row; r += GROUP) {
      seen = ids.get(r) == id ? 1 : seen;
    }
    earlier[item] = seen;
    for (int stride = GROUP / 2; stride > 0; stride = stride / 2) {
      context.localBarrier();
      if (item < stride) {
        earlier[item] = earlier[item] + earlier[item + stride];
      }
    }
    context.localBarrier();
    int end = earlier[0] == 0 ? rows : row;
    for (int r = row; r < end; r++) {
      int width = ids.get(r) == id ? columns : 0;
      for (int c = item; c < width; c += GROUP) {
        dTable.set(id * columns + c, dTable.get(id * columns + c) + dy.get(r * columns + c));
      }
    }
  }
}
