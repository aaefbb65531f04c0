package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link QuantizeRows} of x * rstd * weight, as RMSNorm computes it, which is never written. */
public final class RmsNormQuantizeRows {
  /** Work items of a group. */
  public static final int GROUP = 128;

  /** Tiles of a group; {@link #LANES} items share one. */
  public static final int TILES = 4;

  private static final int LANES = GROUP / TILES;
  private static final int SIZE = 128;
  private static final int VALUES = SIZE / LANES;

  private RmsNormQuantizeRows() {}

  /**
   * Each work item holds four values of a tile in registers, so that x is read once.
   *
   * @param x F32 [rows, columns], row-major
   * @param rstd F32 [rows], of {@link RmsNormStats}
   * @param weight F32 [columns]
   * @param codes E4M3 or E5M2 [rows, columns], row-major, written
   * @param scales F32 [rows, ceil(columns / 128)], row-major, written
   * @param format of the codes, see {@link FloatCodec}
   * @param powerOfTwo 1 to round scales up to powers of two, else 0
   */
  public static void rmsNormQuantizeRows(
      KernelContext context,
      FloatArray x,
      FloatArray rstd,
      FloatArray weight,
      ByteArray codes,
      FloatArray scales,
      int rows,
      int columns,
      int format,
      int powerOfTwo) {
    float[] largest = context.allocateFloatLocalArray(GROUP);
    int item = context.localIdx;
    int lane = item % LANES;
    int tile = context.groupIdx * TILES + item / LANES;
    int scaleColumns = (columns + SIZE - 1) / SIZE;
    int row = tile / scaleColumns;
    int first = tile % scaleColumns * SIZE + lane;
    float[] values = new float[VALUES];
    float amax = 0f;
    for (int j = 0; j < VALUES; j++) {
      values[j] = 0f;
      int c = first + j * LANES;
      if (row < rows) {
        if (c < columns) {
          values[j] = x.get(row * columns + c) * rstd.get(row) * weight.get(c);
        }
      }
      float magnitude = TornadoMath.abs(values[j]);
      amax = magnitude > amax ? magnitude : amax;
    }
    largest[item] = amax;
    for (int stride = LANES / 2; stride > 0; stride = stride / 2) {
      context.localBarrier();
      if (lane < stride) {
        largest[item] = TornadoMath.max(largest[item], largest[item + stride]);
      }
    }
    context.localBarrier();
    float scale = FloatCodec.scale(largest[item - lane], format, powerOfTwo);
    for (int j = 0; j < VALUES; j++) {
      int c = first + j * LANES;
      if (row < rows) {
        if (c < columns) {
          codes.set(row * columns + c, (byte) FloatCodec.encode(values[j] / scale, format));
        }
      }
    }
    if (lane == 0) {
      if (row < rows) {
        scales.set(tile, scale);
      }
    }
  }
}
