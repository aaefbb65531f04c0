package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** scale = amax / max(format) over each tile of x, of any extents. */
public final class TileScale {
  /** Work items of a group. */
  public static final int GROUP = GroupReduce.SIZE;

  private TileScale() {}

  /**
   * Work group (g, h) reduces the tile of tile row h and tile column g.
   *
   * @param x F32 [rows, columns], row-major
   * @param scales F32 [ceil(rows / tileRows), ceil(columns / tileColumns)], row-major, written
   * @param format of the codes to come, see {@link FloatCodec}
   * @param powerOfTwo 1 to round scales up to powers of two, else 0
   */
  public static void tileScale(
      KernelContext context,
      FloatArray x,
      FloatArray scales,
      int rows,
      int columns,
      int tileRows,
      int tileColumns,
      int format,
      int powerOfTwo) {
    float amax = 0f;
    for (int i = context.localIdx; i < tileRows * tileColumns; i += GROUP) {
      int r = context.groupIdy * tileRows + i / tileColumns;
      int c = context.groupIdx * tileColumns + i % tileColumns;
      if (r < rows) {
        if (c < columns) {
          float magnitude = TornadoMath.abs(x.get(r * columns + c));
          amax = magnitude > amax ? magnitude : amax;
        }
      }
    }
    float most = GroupReduce.max(context, amax);
    if (context.localIdx == 0) {
      int scaleColumns = (columns + tileColumns - 1) / tileColumns;
      scales.set(
          context.groupIdy * scaleColumns + context.groupIdx,
          FloatCodec.scale(most, format, powerOfTwo));
    }
  }
}
