package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;

/**
 * An operand of a host GEMM as it lies in memory, and how its rows become floats.
 *
 * @param data native memory, row-major
 * @param type how an element is stored
 * @param stride elements from one row to the next
 * @param scales scales of FP8 codes, or null
 * @param dequantize whether scales are multiplied into the values while they are read, rather than
 *     into the sums
 */
record GemmSource(
    MemorySegment data, Type type, long stride, GemmScales scales, boolean dequantize) {
  /** How an element is stored. */
  enum Type {
    F32(4),
    F32_AS_BF16(4),
    BF16(2),
    E4M3(1),
    E5M2(1);

    final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }
  }

  static GemmSource plain(MemorySegment data, Type type, long stride) {
    return new GemmSource(data, type, stride, null, false);
  }

  /**
   * dst[d + i] = this[row, column + i] for i in [0, n), where d grows by {@code jump} instead of NR
   * after each NR elements.
   */
  void read(int row, int column, float[] dst, int d, int jump, int n) {
    long at = (row * stride + column) * type.bytes;
    switch (type) {
      case F32 -> GemmRows.f32(data, at, dst, d, jump, n);
      case F32_AS_BF16 -> GemmRows.f32AsBf16(data, at, dst, d, jump, n);
      case BF16 -> GemmRows.bf16(data, at, dst, d, jump, n);
      case E4M3 -> GemmRows.e4m3(data, at, dst, d, jump, n);
      case E5M2 -> GemmRows.e5m2(data, at, dst, d, jump, n);
    }
    if (dequantize) {
      for (int i = 0; i < n; i += GemmTiles.NR, d += jump) {
        scales.multiplyRow(row, column + i, dst, d, Math.min(GemmTiles.NR, n - i));
      }
    }
  }

  /** Whether elements are FP8 codes that are decoded as they are. */
  boolean isCodes() {
    return type.bytes == 1 && !dequantize;
  }

  /** dst[d + i] = the four codes from column + 4 i on, as the bits of a float, for i in [0, n). */
  void readQuads(int row, int column, float[] dst, int d, int n) {
    GemmRows.bits(data, row * stride + column, dst, d, n);
  }

  /** Checks that {@code rows} rows of {@code columns} elements fit, with a message naming both. */
  static void check(
      String name, MemorySegment data, int bytes, long rows, long columns, long stride) {
    if (!data.isNative()) {
      throw new IllegalArgumentException(
          name + ": expected native memory, found a heap segment; allocate it from an Arena");
    }
    if (stride < columns) {
      throw new IllegalArgumentException(
          name + ": expected a row stride of at least " + columns + " elements, found " + stride);
    }
    long needed = rows == 0 || columns == 0 ? 0 : ((rows - 1) * stride + columns) * bytes;
    if (data.byteSize() < needed) {
      throw new IllegalArgumentException(
          String.format(
              "%s: expected at least %d bytes for [%d, %d] with row stride %d, found %d",
              name, needed, rows, columns, stride, data.byteSize()));
    }
  }
}
