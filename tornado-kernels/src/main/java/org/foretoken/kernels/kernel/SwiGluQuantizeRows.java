package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@link QuantizeRows} of gate * sigmoid(gate) * up, which is never written. */
public final class SwiGluQuantizeRows {
  /** Work items of a group. */
  public static final int GROUP = 128;

  /** Tiles of a group. */
  public static final int TILES = 16;

  private static final int SIZE = 128;

  /** Items that share a tile; neighbours hold neighbouring columns. */
  private static final int LANES = 32;

  /** Values of a tile that an item holds. */
  private static final int VALUES = SIZE / LANES;

  /** Tiles in each of which an item holds values. */
  private static final int OWN = TILES * LANES / GROUP;

  /** Tiles from one of an item's to its next. */
  private static final int STEP = GROUP / LANES;

  /** Floats between tiles in local memory: with one more than there are, items hit other banks. */
  private static final int STRIDE = LANES + 1;

  private SwiGluQuantizeRows() {}

  /**
   * Each work item holds 4 values of each of 4 tiles in registers, so that gate and up are read
   * once, with 32 reads under way. What is beyond the last tile reads it once more, and writes
   * nothing.
   *
   * @param gate F32 [rows, columns], row-major
   * @param up F32 [rows, columns], row-major
   * @param codes E4M3 or E5M2 [rows, columns], row-major, written
   * @param scales F32 [rows, ceil(columns / 128)], row-major, written
   * @param format of the codes, see {@link FloatCodec}
   * @param powerOfTwo 1 to round scales up to powers of two, else 0
   * @param viaHalf 1 to encode by {@link HalfCodec}, 0 by {@link FloatCodec}
   */
  public static void swiGluQuantizeRows(
      KernelContext context,
      FloatArray gate,
      FloatArray up,
      ByteArray codes,
      FloatArray scales,
      int rows,
      int columns,
      int format,
      int powerOfTwo,
      int viaHalf) {
    float[] largest = context.allocateFloatLocalArray(TILES * STRIDE);
    float[] factors = context.allocateFloatLocalArray(3 * TILES);
    int item = context.localIdx;
    int lane = item % LANES;
    int scaleColumns = (columns + SIZE - 1) / SIZE;
    int tiles = rows * scaleColumns;
    int firstTile = context.groupIdx * TILES;
    float[] values = new float[OWN * VALUES];
    float[] ups = new float[OWN * VALUES];
    for (int i = 0; i < OWN; i++) {
      int tile = firstTile + item / LANES + i * STEP;
      int last = tiles % TILES == 0 ? tile : tiles - 1;
      tile = tile < last ? tile : last;
      int c = tile % scaleColumns * SIZE + lane;
      int at = tile / scaleColumns * columns + c;
      for (int j = 0; j < VALUES; j++) {
        values[i * VALUES + j] = 0f;
        ups[i * VALUES + j] = 0f;
        int left = columns % SIZE == 0 ? 1 : columns - c - j * LANES;
        if (left > 0) {
          values[i * VALUES + j] = gate.get(at + j * LANES);
          ups[i * VALUES + j] = up.get(at + j * LANES);
        }
      }
    }
    // Compilers would put each read off until its value is used, one after the other.
    context.localBarrier();
    for (int i = 0; i < OWN * VALUES; i++) {
      float g = values[i];
      values[i] = g / (1f + TornadoMath.exp(-g)) * ups[i];
    }
    for (int i = 0; i < OWN; i++) {
      float amax = 0f;
      for (int j = 0; j < VALUES; j++) {
        float magnitude = TornadoMath.abs(values[i * VALUES + j]);
        amax = magnitude > amax ? magnitude : amax;
      }
      largest[(item / LANES + i * STEP) * STRIDE + lane] = amax;
    }
    context.localBarrier();
    if (item < TILES) {
      float amax = 0f;
      for (int j = 0; j < LANES; j++) {
        amax = TornadoMath.max(amax, largest[item * STRIDE + j]);
      }
      float scale = FloatCodec.scale(amax, format, powerOfTwo);
      float normalizer = HalfCodec.normalizer(scale);
      factors[item] = normalizer;
      factors[TILES + item] = scale * normalizer;
      factors[2 * TILES + item] = HalfCodec.reciprocal(scale * normalizer, format);
      if (firstTile + item < tiles) {
        scales.set(firstTile + item, scale);
      }
    }
    context.localBarrier();
    for (int i = 0; i < OWN; i++) {
      int own = item / LANES + i * STEP;
      int tile = firstTile + own;
      int beyond = tiles % TILES == 0 ? 0 : tile - tiles + 1;
      int c = tile % scaleColumns * SIZE + lane;
      int at = tile / scaleColumns * columns + c;
      float normalizer = factors[own];
      float scale = factors[TILES + own];
      float reciprocal = factors[2 * TILES + own];
      if (normalizer != 1f) {
        for (int j = 0; j < VALUES; j++) {
          int v = i * VALUES + j;
          values[v] = HalfCodec.normalize(values[v], normalizer, scale, format);
        }
      }
      for (int j = 0; j < VALUES; j++) {
        int left = columns % SIZE == 0 ? 1 : columns - c - j * LANES;
        left = beyond > 0 ? 0 : left;
        if (left > 0) {
          float value = values[i * VALUES + j];
          int code =
              viaHalf == 1
                  ? HalfCodec.encode(value, scale, reciprocal, format)
                  : FloatCodec.encode(value / scale, format);
          codes.set(at + j * LANES, (byte) code);
        }
      }
    }
  }
}
