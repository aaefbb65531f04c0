package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** rstd = 1 / sqrt(mean(x^2) + eps); y = x * rstd * weight, row by row. */
public final class RmsNormForward {
  /** Work items of a group. */
  public static final int GROUP = GroupReduce.SIZE;

  private RmsNormForward() {}

  /**
   * One work group a row.
   *
   * @param x F32 [rows, columns], row-major
   * @param weight F32 [columns]
   * @param y F32 [rows, columns], row-major, written
   * @param rstd F32 [rows], written
   */
  public static void rmsNormForward(
      KernelContext context,
      FloatArray x,
      FloatArray weight,
      FloatArray y,
      FloatArray rstd,
      int columns,
      float eps) {
    int item = context.localIdx;
    int row = context.groupIdx;
    float squares = 0f;
    for (int c = item; c < columns; c += GROUP) {
      float v = x.get(row * columns + c);
      squares = squares + v * v;
    }
    float total = GroupReduce.sum(context, squares);
    float r = 1f / TornadoMath.sqrt(total / columns + eps);
    for (int c = item; c < columns; c += GROUP) {
      y.set(row * columns + c, x.get(row * columns + c) * r * weight.get(c));
    }
    if (item == 0) {
      rstd.set(row, r);
    }
  }
}
