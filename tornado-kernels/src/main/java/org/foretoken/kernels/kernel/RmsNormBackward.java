package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** dx = rstd * (dy*weight - xHat * mean(dy*weight*xHat)) with xHat = x * rstd, row by row. */
public final class RmsNormBackward {
  /** Work items of a group. */
  public static final int GROUP = GroupReduce.SIZE;

  private RmsNormBackward() {}

  /**
   * One work group a row.
   *
   * @param x F32 [rows, columns], row-major
   * @param weight F32 [columns]
   * @param rstd F32 [rows]
   * @param dy F32 [rows, columns], row-major
   * @param dx F32 [rows, columns], row-major, written
   */
  public static void rmsNormBackward(
      KernelContext context,
      FloatArray x,
      FloatArray weight,
      FloatArray rstd,
      FloatArray dy,
      FloatArray dx,
      int columns) {
    int item = context.localIdx;
    int row = context.groupIdx;
    float r = rstd.get(row);
    float dot = 0f;
    for (int c = item; c < columns; c += GROUP) {
      dot = dot + dy.get(row * columns + c) * weight.get(c) * (x.get(row * columns + c) * r);
    }
    float mean = GroupReduce.sum(context, dot) / columns;
    for (int c = item; c < columns; c += GROUP) {
      float xHat = x.get(row * columns + c) * r;
      dx.set(row * columns + c, r * (dy.get(row * columns + c) * weight.get(c) - xHat * mean));
    }
  }
}
