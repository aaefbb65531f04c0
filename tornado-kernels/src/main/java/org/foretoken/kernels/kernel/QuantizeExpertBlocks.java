package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Codes and scales of each 128x128 of the matrices of a stack; see {@link QuantizeBlocks}. */
public final class QuantizeExpertBlocks {
  /** Work items of a group: one a column of the block. */
  public static final int GROUP = 128;

  private static final int SIZE = 128;

  private QuantizeExpertBlocks() {}

  /**
   * Work group (g, h) holds the block of block column g and block row h % t of expert h / t, t the
   * block rows of an expert, and reads it twice.
   *
   * @param x F32 [experts, rows, columns], row-major
   * @param codes E4M3 or E5M2 [experts, rows, columns], row-major, written
   * @param scales F32 [experts, ceil(rows / 128), ceil(columns / 128)], row-major, written
   * @param format of the codes, see {@link FloatCodec}
   * @param powerOfTwo 1 to round scales up to powers of two, else 0
   */
  public static void quantizeExpertBlocks(
      KernelContext context,
      FloatArray x,
      ByteArray codes,
      FloatArray scales,
      int rows,
      int columns,
      int format,
      int powerOfTwo) {
    int item = context.localIdx;
    int c = context.groupIdx * SIZE + item;
    int blockRows = (rows + SIZE - 1) / SIZE;
    int expert = context.groupIdy / blockRows;
    int first = expert * rows + context.groupIdy % blockRows * SIZE;
    int end = first + SIZE;
    if (end > (expert + 1) * rows) {
      end = (expert + 1) * rows;
    }
    if (c >= columns) {
      end = first;
    }
    float amax = 0f;
    for (int r = first; r < end; r++) {
      float magnitude = TornadoMath.abs(x.get(r * columns + c));
      amax = magnitude > amax ? magnitude : amax;
    }
    float scale = FloatCodec.scale(GroupReduce.max(context, amax), format, powerOfTwo);
    for (int r = first; r < end; r++) {
      codes.set(r * columns + c, (byte) FloatCodec.encode(x.get(r * columns + c) / scale, format));
    }
    if (item == 0) {
      scales.set(context.groupIdy * ((columns + SIZE - 1) / SIZE) + context.groupIdx, scale);
    }
  }
}
