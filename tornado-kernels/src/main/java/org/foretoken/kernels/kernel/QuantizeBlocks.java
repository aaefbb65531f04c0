package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** scale = amax / max(format) over each 128x128 of x; codes = RNE(x / scale), saturating. */
public final class QuantizeBlocks {
  /** Work items of a group: one a column of the block. */
  public static final int GROUP = 128;

  private static final int SIZE = 128;

  private QuantizeBlocks() {}

  /**
   * Work group (g, h) holds the block of block row h and block column g, and reads it twice.
   *
   * @param x F32 [rows, columns], row-major
   * @param codes E4M3 or E5M2 [rows, columns], row-major, written
   * @param scales F32 [ceil(rows / 128), ceil(columns / 128)], row-major, written
   * @param format of the codes, see {@link FloatCodec}
   * @param powerOfTwo 1 to round scales up to powers of two, else 0
   * @param viaHalf 1 to encode by {@link HalfCodec}, 0 by {@link FloatCodec}
   */
  public static void quantizeBlocks(
      KernelContext context,
      FloatArray x,
      ByteArray codes,
      FloatArray scales,
      int rows,
      int columns,
      int format,
      int powerOfTwo,
      int viaHalf) {
    int item = context.localIdx;
    int c = context.groupIdx * SIZE + item;
    int first = context.groupIdy * SIZE;
    int end = first + SIZE;
    if (end > rows) {
      end = rows;
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
    float normalizer = HalfCodec.normalizer(scale);
    float normal = scale * normalizer;
    float reciprocal = HalfCodec.reciprocal(normal, format);
    for (int r = first; r < end; r++) {
      float value = x.get(r * columns + c);
      int code = HalfCodec.encodeInTile(value, normalizer, normal, reciprocal, format, viaHalf);
      codes.set(r * columns + c, (byte) code);
    }
    if (item == 0) {
      scales.set(context.groupIdy * ((columns + SIZE - 1) / SIZE) + context.groupIdx, scale);
    }
  }
}
