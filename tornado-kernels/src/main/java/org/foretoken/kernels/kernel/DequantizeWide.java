package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** {@link Dequantize} for E5M6, whose codes take two bytes. */
public final class DequantizeWide {
  private DequantizeWide() {}

  /**
   * One work item an element.
   *
   * @param codes E5M6 [rows, columns], row-major
   * @param scales F32 [ceil(rows / tileRows), ceil(columns / tileColumns)], row-major
   * @param x F32 [rows, columns], row-major, written
   */
  public static void dequantizeWide(
      ShortArray codes,
      FloatArray scales,
      FloatArray x,
      int rows,
      int columns,
      int tileRows,
      int tileColumns) {
    int scaleColumns = (columns + tileColumns - 1) / tileColumns;
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < columns; c++) {
        float value = FloatCodec.decode(codes.get(r * columns + c) & 0xFFF, FloatCodec.E5M6);
        float scale = scales.get(r / tileRows * scaleColumns + c / tileColumns);
        x.set(r * columns + c, value * scale);
      }
    }
  }
}
