package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Codes and scales of x in 1x128 and in 128x1 groups at once; each as in the single kernels. */
public final class QuantizeRowsAndColumns {
  /** Work items of a group: one a column of the block. */
  public static final int GROUP = 128;

  private static final int SIZE = 128;

  /** Rows of the block that are in local memory at a time. */
  private static final int CHUNK = 32;

  /** Items that look for the largest value of one row of a chunk. */
  private static final int PARTS = GROUP / CHUNK;

  /** Elements between rows in local memory: with 4 more than the row, items hit other banks. */
  private static final int STRIDE = SIZE + PARTS;

  private QuantizeRowsAndColumns() {}

  /**
   * Work group (g, h) holds the 128x128 block of block row h and block column g. A chunk of rows
   * passes through local memory, where each row's largest value is found and its codes are written;
   * meanwhile each item keeps its column's largest value. A second read, from cache by then, makes
   * the columns' codes, which pass through local memory too, so that neighbouring items write
   * neighbours whichever way they are to lie.
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
    float[] values = context.allocateFloatLocalArray(CHUNK * STRIDE);
    float[] partial = context.allocateFloatLocalArray(GROUP);
    float[] factors = context.allocateFloatLocalArray(3 * CHUNK);
    byte[] block = context.allocateByteLocalArray(SIZE * STRIDE);
    int item = context.localIdx;
    int c = context.groupIdx * SIZE + item;
    int scaleColumns = (columns + SIZE - 1) / SIZE;
    float columnAmax = 0f;
    for (int chunk = 0; chunk < SIZE; chunk += CHUNK) {
      int first = context.groupIdy * SIZE + chunk;
      for (int r = 0; r < CHUNK; r++) {
        float v = 0f;
        if (first + r < rows) {
          if (c < columns) {
            v = x.get((first + r) * columns + c);
          }
        }
        float magnitude = TornadoMath.abs(v);
        columnAmax = magnitude > columnAmax ? magnitude : columnAmax;
        values[r * STRIDE + item] = v;
      }
      context.localBarrier();
      float amax = 0f;
      for (int j = 0; j < SIZE; j += PARTS) {
        float magnitude = TornadoMath.abs(values[item / PARTS * STRIDE + item % PARTS + j]);
        amax = magnitude > amax ? magnitude : amax;
      }
      partial[item] = amax;
      context.localBarrier();
      if (item < CHUNK) {
        float most = TornadoMath.max(partial[item * PARTS], partial[item * PARTS + 1]);
        most = TornadoMath.max(most, partial[item * PARTS + 2]);
        most = TornadoMath.max(most, partial[item * PARTS + 3]);
        float scale = FloatCodec.scale(most, rowFormat, powerOfTwo);
        float normalizer = HalfCodec.normalizer(scale);
        factors[item] = normalizer;
        factors[CHUNK + item] = scale * normalizer;
        factors[2 * CHUNK + item] = HalfCodec.reciprocal(scale * normalizer, rowFormat);
        if (first + item < rows) {
          rowScales.set((first + item) * scaleColumns + context.groupIdx, scale);
        }
      }
      context.localBarrier();
      for (int r = 0; r < CHUNK; r++) {
        if (first + r < rows) {
          if (c < columns) {
            int code =
                HalfCodec.encodeInTile(
                    values[r * STRIDE + item],
                    factors[r],
                    factors[CHUNK + r],
                    factors[2 * CHUNK + r],
                    rowFormat,
                    viaHalf);
            rowCodes.set((first + r) * columns + c, (byte) code);
          }
        }
      }
      context.localBarrier();
    }
    int begin = context.groupIdy * SIZE;
    float columnScale = FloatCodec.scale(columnAmax, columnFormat, powerOfTwo);
    float normalizer = HalfCodec.normalizer(columnScale);
    float normal = columnScale * normalizer;
    float reciprocal = HalfCodec.reciprocal(normal, columnFormat);
    for (int r = 0; r < SIZE; r++) {
      float v = 0f;
      if (begin + r < rows) {
        if (c < columns) {
          v = x.get((begin + r) * columns + c);
        }
      }
      int code = HalfCodec.encodeInTile(v, normalizer, normal, reciprocal, columnFormat, viaHalf);
      block[r * STRIDE + item] = (byte) code;
    }
    if (c < columns) {
      columnScales.set(context.groupIdy * columns + c, columnScale);
    }
    context.localBarrier();
    int left = context.groupIdx * SIZE;
    for (int i = 0; i < SIZE; i++) {
      int row = transposed == 1 ? item : i;
      int column = transposed == 1 ? i : item;
      int at =
          transposed == 1
              ? (left + column) * rows + begin + row
              : (begin + row) * columns + left + column;
      if (begin + row < rows) {
        if (left + column < columns) {
          columnCodes.set(at, block[row * STRIDE + column]);
        }
      }
    }
  }
}
