package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[r, c] = decode(encode(x[r, c] / s)) * s with s = scales[r / tileRows, c / tileColumns]. */
public final class FakeQuantizeTiles {
  private FakeQuantizeTiles() {}

  /**
   * One work item an element.
   *
   * @param x F32 [rows, columns], row-major
   * @param scales F32 [ceil(rows / tileRows), ceil(columns / tileColumns)], row-major
   * @param y F32 [rows, columns], row-major, written
   * @param format of the codes, see {@link FloatCodec}
   * @param viaHalf 1 to encode by {@link HalfCodec}, 0 by {@link FloatCodec}
   */
  public static void fakeQuantizeTiles(
      FloatArray x,
      FloatArray scales,
      FloatArray y,
      int rows,
      int columns,
      int tileRows,
      int tileColumns,
      int format,
      int viaHalf) {
    int scaleColumns = (columns + tileColumns - 1) / tileColumns;
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < columns; c++) {
        float scale = scales.get(r / tileRows * scaleColumns + c / tileColumns);
        int code = HalfCodec.encodeQuotient(x.get(r * columns + c) / scale, format, viaHalf);
        y.set(r * columns + c, FloatCodec.decode(code, format) * scale);
      }
    }
  }
}
