package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Codes and scales of x in 1x128 and in 128x1 groups at once; each as in the single kernels. */
public final class QuantizeRowsAndColumns {
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

  /** Bytes between rows of codes in local memory, for the same reason. */
  private static final int BYTES = SIZE + 4;

  private QuantizeRowsAndColumns() {}

  /**
   * Work group (g, h) holds the 128x128 block of block row h and block column g. Each work item
   * holds 4 values of each of 8 rows in registers, so that x is read once, with 32 reads under way.
   * What is beyond the last row or column reads it once more, and writes nothing. Column codes that
   * are to lie transposed pass through local memory, so that neighbouring items write neighbours.
   *
   * @param x F32 [rows, columns], row-major
   * @param rowCodes E4M3 or E5M2 [rows, columns], row-major, written
   * @param rowScales F32 [rows, ceil(columns / 128)], row-major, written
   * @param columnCodes E4M3 or E5M2 [rows, columns], row-major, or [columns, rows]; written
   * @param columnScales F32 [ceil(rows / 128), columns], row-major, written
   * @param rowFormat of the row codes, see {@link FloatCodec}
   * @param columnFormat of the column codes
   * @param powerOfTwo 1 to round scales up to powers of two, else 0
   * @param transposed 1 for column codes as [columns, rows], else 0
   * @param viaHalf 1 to encode by {@link HalfCodec}, 0 by {@link FloatCodec}
   */
  public static void quantizeRowsAndColumns(
      KernelContext context,
      FloatArray x,
      ByteArray rowCodes,
      FloatArray rowScales,
      ByteArray columnCodes,
      FloatArray columnScales,
      int rows,
      int columns,
      int rowFormat,
      int columnFormat,
      int powerOfTwo,
      int transposed,
      int viaHalf) {
    float[] ofRows = context.allocateFloatLocalArray(SIZE * STRIDE);
    float[] ofColumns = context.allocateFloatLocalArray(SIZE * STEP);
    float[] factors = context.allocateFloatLocalArray(6 * SIZE);
    byte[] block = context.allocateByteLocalArray(SIZE * BYTES);
    int item = context.localIdx;
    int lane = item % LANES;
    int own = item / LANES;
    int begin = context.groupIdy * SIZE;
    int left = context.groupIdx * SIZE;
    int at = (begin + own) * columns + left + lane;
    float[] values = new float[OWN * VALUES];
    for (int i = 0; i < OWN; i++) {
      int below = rows % SIZE == 0 ? 0 : begin + own + i * STEP - rows + 1;
      below = below > 0 ? below : 0;
      for (int j = 0; j < VALUES; j++) {
        int beyond = columns % SIZE == 0 ? 0 : left + lane + j * LANES - columns + 1;
        beyond = beyond > 0 ? beyond : 0;
        int step = i * STEP * columns + j * LANES;
        values[i * VALUES + j] = x.get(at + step - below * columns - beyond);
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
      if (begin + item < rows) {
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
        inside = rows % SIZE == 0 ? inside : (begin + row < rows ? inside : 0);
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
        inside = rows % SIZE == 0 ? inside : (begin + row < rows ? inside : 0);
        int code =
            viaHalf == 1
                ? HalfCodec.encode(tile[i], scale, reciprocal, columnFormat)
                : FloatCodec.encode(tile[i] / scale, columnFormat);
        if (transposed == 1) {
          block[row * BYTES + c] = (byte) code;
        }
        inside = transposed == 1 ? 0 : inside;
        if (inside > 0) {
          columnCodes.set(at + i * STEP * columns + j * LANES, (byte) code);
        }
      }
    }
    if (transposed == 1) {
      context.localBarrier();
      int turned = (left + own) * rows + begin + lane;
      for (int i = 0; i < OWN; i++) {
        int c = own + i * STEP;
        for (int j = 0; j < VALUES; j++) {
          int row = lane + j * LANES;
          int inside = rows % SIZE == 0 ? 1 : rows - begin - row;
          inside = columns % SIZE == 0 ? inside : (left + c < columns ? inside : 0);
          if (inside > 0) {
            columnCodes.set(turned + i * STEP * rows + j * LANES, block[row * BYTES + c]);
          }
        }
      }
    }
  }
}
