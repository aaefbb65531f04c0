package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * scale = amax / max(format) over each 128x128 of x, or of each matrix of a stack; codes = RNE(x /
 * scale), saturating.
 */
public final class QuantizeBlocks {
  /** Work items of a group. */
  public static final int GROUP = 512;

  private static final int SIZE = 128;

  /** Items that hold neighbours of a row. */
  private static final int LANES = 32;

  /** Values of a row that an item holds. */
  private static final int VALUES = SIZE / LANES;

  /** Rows from one of an item's to its next. */
  private static final int STEP = GROUP / LANES;

  /** Rows in each of which an item holds values. */
  private static final int OWN = SIZE / STEP;

  private QuantizeBlocks() {}

  /**
   * Work group (g, h) holds the block of block column g and block row h % t of matrix h / t, t the
   * block rows of a matrix. Each work item holds 4 values of each of 8 rows in registers, so that x
   * is read once, with 32 reads under way. What is beyond the last row or column reads it once
   * more, and writes nothing.
   *
   * @param x F32 [matrices, rows, columns], row-major
   * @param codes E4M3 or E5M2 [matrices, rows, columns], row-major, written
   * @param scales F32 [matrices, ceil(rows / 128), ceil(columns / 128)], row-major, written
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
    float[] largest = context.allocateFloatLocalArray(GROUP);
    float[] factors = context.allocateFloatLocalArray(3);
    int item = context.localIdx;
    int blockRows = (rows + SIZE - 1) / SIZE;
    int own = context.groupIdy % blockRows * SIZE + item / LANES;
    int c = context.groupIdx * SIZE + item % LANES;
    int at = (context.groupIdy / blockRows * rows + own) * columns + c;
    float[] values = new float[OWN * VALUES];
    for (int i = 0; i < OWN; i++) {
      int below = rows % SIZE == 0 ? 0 : own + i * STEP - rows + 1;
      below = below > 0 ? below : 0;
      for (int j = 0; j < VALUES; j++) {
        int beyond = columns % SIZE == 0 ? 0 : c + j * LANES - columns + 1;
        beyond = beyond > 0 ? beyond : 0;
        int step = i * STEP * columns + j * LANES;
        values[i * VALUES + j] = x.get(at + step - below * columns - beyond);
      }
    }
    float amax = 0f;
    for (int i = 0; i < OWN * VALUES; i++) {
      float magnitude = TornadoMath.abs(values[i]);
      amax = magnitude > amax ? magnitude : amax;
    }
    largest[item] = amax;
    context.localBarrier();
    if (item < LANES) {
      float most = largest[item];
      for (int i = 1; i < STEP; i++) {
        most = TornadoMath.max(most, largest[item + i * LANES]);
      }
      largest[item] = most;
    }
    context.localBarrier();
    if (item == 0) {
      float most = largest[0];
      for (int i = 1; i < LANES; i++) {
        most = TornadoMath.max(most, largest[i]);
      }
      float scale = FloatCodec.scale(most, format, powerOfTwo);
      float normalizer = HalfCodec.normalizer(scale);
      factors[0] = normalizer;
      factors[1] = scale * normalizer;
      factors[2] = HalfCodec.reciprocal(scale * normalizer, format);
      int scaleColumns = (columns + SIZE - 1) / SIZE;
      scales.set(context.groupIdy * scaleColumns + context.groupIdx, scale);
    }
    context.localBarrier();
    float normalizer = factors[0];
    float scale = factors[1];
    float reciprocal = factors[2];
    if (normalizer != 1f) {
      for (int i = 0; i < OWN * VALUES; i++) {
        values[i] = HalfCodec.normalize(values[i], normalizer, scale, format);
      }
    }
    for (int i = 0; i < OWN; i++) {
      for (int j = 0; j < VALUES; j++) {
        int inside = columns % SIZE == 0 ? 1 : columns - c - j * LANES;
        inside = rows % SIZE == 0 ? inside : (own + i * STEP < rows ? inside : 0);
        if (inside > 0) {
          float value = values[i * VALUES + j];
          int code =
              viaHalf == 1
                  ? HalfCodec.encode(value, scale, reciprocal, format)
                  : FloatCodec.encode(value / scale, format);
          codes.set(at + i * STEP * columns + j * LANES, (byte) code);
        }
      }
    }
  }
}
