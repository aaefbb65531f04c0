package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** rstd = 1 / sqrt(mean(x^2) + eps), row by row: RMSNorm where a quantizer does the rest. */
public final class RmsNormStats {
  /** Work items of a group. */
  public static final int GROUP = GroupReduce.SIZE;

  private RmsNormStats() {}

  /**
   * One work group a row.
   *
   * @param x F32 [rows, columns], row-major
   * @param rstd F32 [rows], written
   */
  public static void rmsNormStats(
      KernelContext context, FloatArray x, FloatArray rstd, int columns, float eps) {
    int item = context.localIdx;
    int row = context.groupIdx;
    float squares = 0f;
    for (int c = item; c < columns; c += GROUP) {
      float v = x.get(row * columns + c);
      squares = squares + v * v;
    }
    float total = GroupReduce.sum(context, squares);
    if (item == 0) {
      rstd.set(row, 1f / TornadoMath.sqrt(total / columns + eps));
    }
  }
}
