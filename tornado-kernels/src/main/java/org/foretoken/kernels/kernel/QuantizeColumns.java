package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** scale = amax / max(format) over each 128x1 of x; codes = RNE(x / scale), saturating. */
public final class QuantizeColumns {
  /** Work items of a group. */
  public static final int GROUP = 256;

  /** Columns of a group; neighbouring items hold neighbours. */
  public static final int COLUMNS = 32;

  private static final int SIZE = 128;

  /** Items that share a column. */
  private static final int SHARE = GROUP / COLUMNS;

  /** Values that an item holds. */
  private static final int VALUES = SIZE / SHARE;

  private QuantizeColumns() {}

  /**
   * Work group (g, h) holds 32 columns of the 128 rows of strip h. Each work item holds 16 values
   * of a column in registers, so that x is read once, with 16 reads under way. What is beyond the
   * last row or column reads it once more, and writes nothing.
   *
   * @param x F32 [rows, columns], row-major
   * @param codes E4M3 or E5M2 [rows, columns], row-major, written
   * @param scales F32 [ceil(rows / 128), columns], row-major, written
   * @param format of the codes, see {@link FloatCodec}
   * @param powerOfTwo 1 to round scales up to powers of two, else 0
   * @param viaHalf 1 to encode by {@link HalfCodec}, 0 by {@link FloatCodec}
   */
  public static void quantizeColumns(
      KernelContext context,
      FloatArray x,
      ByteArray codes,
      FloatArray scales,
      int rows,
      int columns,
      int format,
      int powerOfTwo,
      int viaHalf) {
    float[] largest = context.allocateFloatLocalArray(GROUP);
    float[] factors = context.allocateFloatLocalArray(3 * COLUMNS);
    int item = context.localIdx;
    int lane = item % COLUMNS;
    int first = context.groupIdy * SIZE + item / COLUMNS;
    int c = context.groupIdx * COLUMNS + lane;
    int at = first * columns + c;
    int beyond = columns % COLUMNS == 0 ? 0 : c - columns + 1;
    beyond = beyond > 0 ? beyond : 0;
    float[] values = new float[VALUES];
    float amax = 0f;
    for (int i = 0; i < VALUES; i++) {
      int below = rows % SIZE == 0 ? 0 : first + i * SHARE - rows + 1;
      below = below > 0 ? below : 0;
      values[i] = x.get(at + i * SHARE * columns - below * columns - beyond);
    }
    for (int i = 0; i < VALUES; i++) {
      float magnitude = TornadoMath.abs(values[i]);
      amax = magnitude > amax ? magnitude : amax;
    }
    largest[item] = amax;
    context.localBarrier();
    if (item < COLUMNS) {
      float most = largest[item];
      for (int i = 1; i < SHARE; i++) {
        most = TornadoMath.max(most, largest[item + i * COLUMNS]);
      }
      float scale = FloatCodec.scale(most, format, powerOfTwo);
      float normalizer = HalfCodec.normalizer(scale);
      factors[item] = normalizer;
      factors[COLUMNS + item] = scale * normalizer;
      factors[2 * COLUMNS + item] = HalfCodec.reciprocal(scale * normalizer, format);
      if (c < columns) {
        scales.set(context.groupIdy * columns + c, scale);
      }
    }
    context.localBarrier();
    float normalizer = factors[lane];
    float scale = factors[COLUMNS + lane];
    float reciprocal = factors[2 * COLUMNS + lane];
    if (normalizer != 1f) {
      for (int i = 0; i < VALUES; i++) {
        values[i] = HalfCodec.normalize(values[i], normalizer, scale, format);
      }
    }
    for (int i = 0; i < VALUES; i++) {
      int inside = beyond > 0 ? 0 : 1;
      inside = rows % SIZE == 0 ? inside : (first + i * SHARE < rows ? inside : 0);
      if (inside > 0) {
        int code =
            viaHalf == 1
                ? HalfCodec.encode(values[i], scale, reciprocal, format)
                : FloatCodec.encode(values[i] / scale, format);
        codes.set(at + i * SHARE * columns, (byte) code);
      }
    }
  }
}
