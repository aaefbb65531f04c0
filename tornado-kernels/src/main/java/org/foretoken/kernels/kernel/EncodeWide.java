package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** codes[r, c] = RNE(x[r, c] / scales[r / tileRows, c / tileColumns]) in E5M6, saturating. */
public final class EncodeWide {
  private EncodeWide() {}

  /**
   * One work item an element.
   *
   * @param x F32 [rows, columns], row-major
   * @param scales F32 [ceil(rows / tileRows), ceil(columns / tileColumns)], row-major
   * @param codes E5M6 [rows, columns], row-major, written
   * @param viaHalf 1 to encode by {@link HalfCodec}, 0 by {@link FloatCodec}
   */
  public static void encodeWide(
      FloatArray x,
      FloatArray scales,
      ShortArray codes,
      int rows,
      int columns,
      int tileRows,
      int tileColumns,
      int viaHalf) {
    int scaleColumns = (columns + tileColumns - 1) / tileColumns;
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < columns; c++) {
        float scale = scales.get(r / tileRows * scaleColumns + c / tileColumns);
        codes.set(
            r * columns + c,
            (short)
                HalfCodec.encodeQuotient(x.get(r * columns + c) / scale, FloatCodec.E5M6, viaHalf));
      }
    }
  }
}
