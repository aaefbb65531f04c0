package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** scale = amax / max(format) over each 128x1 of x; codes = RNE(x / scale), saturating. */
public final class QuantizeColumns {
  private static final int SIZE = 128;

  private QuantizeColumns() {}

  /**
   * One work item a group of 128 values, which it reads twice.
   *
   * @param x F32 [rows, columns], row-major
   * @param codes E4M3 or E5M2 [rows, columns], row-major, written
   * @param scales F32 [ceil(rows / 128), columns], row-major, written
   * @param format of the codes, see {@link FloatCodec}
   * @param powerOfTwo 1 to round scales up to powers of two, else 0
   * @param viaHalf 1 to encode by {@link HalfCodec}, 0 by {@link FloatCodec}
   */
  public static void quantizeColumns(
      FloatArray x,
      ByteArray codes,
      FloatArray scales,
      int rows,
      int columns,
      int strips,
      int format,
      int powerOfTwo,
      int viaHalf) {
    for (@Parallel int s = 0; s < strips; s++) {
      for (@Parallel int c = 0; c < columns; c++) {
        int end = s * SIZE + SIZE;
        if (end > rows) {
          end = rows;
        }
        float amax = 0f;
        for (int r = s * SIZE; r < end; r++) {
          float magnitude = TornadoMath.abs(x.get(r * columns + c));
          amax = magnitude > amax ? magnitude : amax;
        }
        float scale = FloatCodec.scale(amax, format, powerOfTwo);
        float normalizer = HalfCodec.normalizer(scale);
        float normal = scale * normalizer;
        float reciprocal = HalfCodec.reciprocal(normal, format);
        for (int r = s * SIZE; r < end; r++) {
          float value = x.get(r * columns + c);
          int code = HalfCodec.encodeInTile(value, normalizer, normal, reciprocal, format, viaHalf);
          codes.set(r * columns + c, (byte) code);
        }
        scales.set(s * columns + c, scale);
      }
    }
  }
}
