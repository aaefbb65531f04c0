package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * scale(row, column) = data[row / tileRows, column / tileColumns] of a stored matrix.
 *
 * @param data FP32 scales, row-major
 * @param tileRows rows that share a scale
 * @param tileColumns columns that share a scale
 * @param stride scales in a row of {@code data}
 */
record GemmScales(MemorySegment data, int tileRows, int tileColumns, long stride) {
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);

  float at(int row, int column) {
    return data.getAtIndex(F32, row / tileRows * stride + column / tileColumns);
  }

  /** dst[d + i] = scale(row + i, column). */
  void column(int row, int column, float[] dst, int d, int n) {
    for (int i = 0; i < n; ) {
      float s = at(row + i, column);
      int end = (int) Math.min(n, i + (long) tileRows - (row + i) % tileRows);
      for (; i < end; i++) {
        dst[d + i] = s;
      }
    }
  }

  /** dst[d + i] = scale(row, column + i). */
  void row(int row, int column, float[] dst, int d, int n) {
    for (int i = 0; i < n; ) {
      float s = at(row, column + i);
      int end = (int) Math.min(n, i + (long) tileColumns - (column + i) % tileColumns);
      for (; i < end; i++) {
        dst[d + i] = s;
      }
    }
  }

  /** x[d + i] *= scale(row, column + i). */
  void multiplyRow(int row, int column, float[] x, int d, int n) {
    for (int i = 0; i < n; ) {
      float s = at(row, column + i);
      int end = (int) Math.min(n, i + (long) tileColumns - (column + i) % tileColumns);
      for (; i < end; i++) {
        x[d + i] *= s;
      }
    }
  }
}
