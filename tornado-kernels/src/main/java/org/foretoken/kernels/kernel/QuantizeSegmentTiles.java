package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Codes and scales of rows grouped by expert, in 1x128 and in 128x1 groups at once. */
public final class QuantizeSegmentTiles {
  /** Work items of a group. */
  public static final int GROUP = 512;

  private static final int SIZE = 128;

  /** Items that hold neighbours of a row. */
  private static final int LANES = 32;

  /** Values of a row that an item holds. */
  private static final int VALUES = SIZE / LANES;

  /** Rows from one of an item's to its next; also, items that share a column. */
  private static final int STEP = GROUP / LANES;

  /** Rows in each of which an item holds values. */
  private static final int OWN = SIZE / STEP;

  /** Floats between rows in local memory: with one more than there are, items hit other banks. */
  private static final int STRIDE = LANES + 1;

  private QuantizeSegmentTiles() {}

  /**
   * Work group (g, h) holds the columns of block g of row tile h, see {@link ExpertTile}; the
   * column scales of a tile that no expert has are 1. Each work item holds 4 values of each of 8
   * rows in registers, so that x is read once, with 32 reads under way.
   *
   * @param x F32 [rows, columns], row-major
   * @param segments I32 [experts, 3]
   * @param rowCodes E4M3 or E5M2 [rows, columns], row-major, written
   * @param rowScales F32 [rows, ceil(columns / 128)], row-major, written
   * @param columnCodes E4M3 or E5M2 [rows, columns], row-major, written
   * @param columnScales F32 [tiles, columns], row-major, written
   * @param rowFormat of the row codes, see {@link FloatCodec}
   * @param columnFormat of the column codes
   * @param powerOfTwo 1 to round scales up to powers of two, else 0
   * @param viaHalf 1 to encode by {@link HalfCodec}, 0 by {@link FloatCodec}
   */
  public static void quantizeSegmentTiles(
      KernelContext context,
      FloatArray x,
      IntArray segments,
      ByteArray rowCodes,
      FloatArray rowScales,
      ByteArray columnCodes,
      FloatArray columnScales,
      int experts,
      int columns,
      int rowFormat,
      int columnFormat,
      int powerOfTwo,
      int viaHalf) {
    float[] ofRows = context.allocateFloatLocalArray(SIZE * STRIDE);
    float[] ofColumns = context.allocateFloatLocalArray(SIZE * STEP);
    float[] factors = context.allocateFloatLocalArray(6 * SIZE);
    int item = context.localIdx;
    int lane = item % LANES;
    int own = item / LANES;
    int expert = ExpertTile.expert(segments, experts, context.groupIdy);
    int begin = ExpertTile.firstRow(segments, expert, context.groupIdy);
    int end = ExpertTile.end(segments, expert);
    int left = context.groupIdx * SIZE;
    int at = (begin + own) * columns + left + lane;
    float[] values = new float[OWN * VALUES];
    for (int i = 0; i < OWN; i++) {
      for (int j = 0; j < VALUES; j++) {
        int inside = columns % SIZE == 0 ? 1 : columns - left - lane - j * LANES;
        inside = begin + own + i * STEP < end ? inside : 0;
        values[i * VALUES + j] = 0f;
        if (inside > 0) {
          values[i * VALUES + j] = x.get(at + i * STEP * columns + j * LANES);
        }
      }
    }
    float[] down = new float[VALUES];
    for (int j = 0; j < VALUES; j++) {
      down[j] = 0f;
    }
    for (int i = 0; i < OWN; i++) {
      float across = 0f;
      for (int j = 0; j < VALUES; j++) {
        float magnitude = TornadoMath.abs(values[i * VALUES + j]);
        magnitude = magnitude > 0f ? magnitude : 0f; // not a NaN from here on
        across = TornadoMath.max(across, magnitude);
        down[j] = TornadoMath.max(down[j], magnitude);
      }
      ofRows[(own + i * STEP) * STRIDE + lane] = across;
    }
    for (int j = 0; j < VALUES; j++) {
      ofColumns[own * SIZE + lane + j * LANES] = down[j];
    }
    context.localBarrier();
    // A warp has either rows or columns.
    if (item < SIZE) {
      float most = 0f;
      for (int i = 0; i < LANES; i++) {
        most = TornadoMath.max(most, ofRows[item * STRIDE + i]);
      }
      float scale = FloatCodec.scale(most, rowFormat, powerOfTwo);
      float normalizer = HalfCodec.normalizer(scale);
      factors[item] = normalizer;
      factors[SIZE + item] = scale * normalizer;
      factors[2 * SIZE + item] = HalfCodec.reciprocal(scale * normalizer, rowFormat);
      if (begin + item < end) {
        int scaleColumns = (columns + SIZE - 1) / SIZE;
        rowScales.set((begin + item) * scaleColumns + context.groupIdx, scale);
      }
    }
    int column = item - SIZE;
    int isColumn = item >= SIZE ? 1 : 0;
    isColumn = item < 2 * SIZE ? isColumn : 0;
    if (isColumn == 1) {
      float most = 0f;
      for (int i = 0; i < STEP; i++) {
        most = TornadoMath.max(most, ofColumns[i * SIZE + column]);
      }
      float scale = FloatCodec.scale(most, columnFormat, powerOfTwo);
      float normalizer = HalfCodec.normalizer(scale);
      factors[3 * SIZE + column] = normalizer;
      factors[4 * SIZE + column] = scale * normalizer;
      factors[5 * SIZE + column] = HalfCodec.reciprocal(scale * normalizer, columnFormat);
      if (left + column < columns) {
        columnScales.set(context.groupIdy * columns + left + column, scale);
      }
    }
    context.localBarrier();
    float[] tile = new float[OWN];
    for (int i = 0; i < OWN; i++) {
      int row = own + i * STEP;
      float normalizer = factors[row];
      float scale = factors[SIZE + row];
      float reciprocal = factors[2 * SIZE + row];
      for (int j = 0; j < VALUES; j++) {
        tile[j] = values[i * VALUES + j];
      }
      if (normalizer != 1f) {
        for (int j = 0; j < VALUES; j++) {
          tile[j] = HalfCodec.normalize(tile[j], normalizer, scale, rowFormat);
        }
      }
      for (int j = 0; j < VALUES; j++) {
        int inside = columns % SIZE == 0 ? 1 : columns - left - lane - j * LANES;
        inside = begin + row < end ? inside : 0;
        if (inside > 0) {
          int code =
              viaHalf == 1
                  ? HalfCodec.encode(tile[j], scale, reciprocal, rowFormat)
                  : FloatCodec.encode(tile[j] / scale, rowFormat);
          rowCodes.set(at + i * STEP * columns + j * LANES, (byte) code);
        }
      }
    }
    for (int j = 0; j < VALUES; j++) {
      int c = lane + j * LANES;
      float normalizer = factors[3 * SIZE + c];
      float scale = factors[4 * SIZE + c];
      float reciprocal = factors[5 * SIZE + c];
      for (int i = 0; i < OWN; i++) {
        tile[i] = values[i * VALUES + j];
      }
      if (normalizer != 1f) {
        for (int i = 0; i < OWN; i++) {
          tile[i] = HalfCodec.normalize(tile[i], normalizer, scale, columnFormat);
        }
      }
      for (int i = 0; i < OWN; i++) {
        int row = own + i * STEP;
        int inside = columns % SIZE == 0 ? 1 : columns - left - c;
        inside = begin + row < end ? inside : 0;
        if (inside > 0) {
          int code =
              viaHalf == 1
                  ? HalfCodec.encode(tile[i], scale, reciprocal, columnFormat)
                  : FloatCodec.encode(tile[i] / scale, columnFormat);
          columnCodes.set(at + i * STEP * columns + j * LANES, (byte) code);
        }
      }
    }
  }
}
