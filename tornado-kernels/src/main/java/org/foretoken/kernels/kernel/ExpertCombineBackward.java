package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** dx[positions[i]] = gates[i] * dy[n]; dGates[i] = x[positions[i]] . dy[n], n = i / perToken. */
public final class ExpertCombineBackward {
  /** Work items of a group: one group a pair of row and expert. */
  public static final int GROUP = GroupReduce.SIZE;

  private ExpertCombineBackward() {}

  /**
   * One work group a pair i.
   *
   * @param x F32 [pairs, columns], row-major
   * @param positions I32 [pairs]
   * @param gates F32 [pairs]
   * @param dy F32 [pairs / perToken, columns], row-major
   * @param dx F32 [pairs, columns], row-major, written
   * @param dGates F32 [pairs], written
   */
  public static void expertCombineBackward(
      KernelContext context,
      FloatArray x,
      IntArray positions,
      FloatArray gates,
      FloatArray dy,
      FloatArray dx,
      FloatArray dGates,
      int perToken,
      int columns) {
    int pair = context.groupIdx;
    int row = positions.get(pair) * columns;
    int token = pair / perToken * columns;
    float gate = gates.get(pair);
    float dot = 0f;
    for (int c = context.localIdx; c < columns; c += GROUP) {
      float g = dy.get(token + c);
      dot = dot + x.get(row + c) * g;
      dx.set(row + c, gate * g);
    }
    float total = GroupReduce.sum(context, dot);
    if (context.localIdx == 0) {
      dGates.set(pair, total);
    }
  }
}
