package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** x[r, c] = decode(codes[r, c]) * scales[r / tileRows, c / tileColumns]. */
public final class Dequantize {
  private Dequantize() {}

  /**
   * One work item an element.
   *
   * @param codes E4M3 or E5M2 [rows, columns], row-major
   * @param scales F32 [ceil(rows / tileRows), ceil(columns / tileColumns)], row-major
   * @param x F32 [rows, columns], row-major, written
   * @param format of the codes, see {@link FloatCodec}
   */
  public static void dequantize(
      ByteArray codes,
      FloatArray scales,
      FloatArray x,
      int rows,
      int columns,
      int tileRows,
      int tileColumns,
      int format) {
    int scaleColumns = (columns + tileColumns - 1) / tileColumns;
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < columns; c++) {
        float value = FloatCodec.decode(codes.get(r * columns + c) & 0xFF, format);
        float scale = scales.get(r / tileRows * scaleColumns + c / tileColumns);
        x.set(r * columns + c, value * scale);
      }
    }
  }
}
