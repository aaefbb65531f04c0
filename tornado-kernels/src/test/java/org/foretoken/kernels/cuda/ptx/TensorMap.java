package org.foretoken.kernels.cuda.ptx;

/**
 * A matrix of bytes as the copy engine sees it: boxes of {@code boxRows} rows and 128 bytes,
 * swizzled over 128 bytes, zeros outside.
 *
 * @param matrix [rows, columns], row-major
 */
public record TensorMap(byte[] matrix, int rows, int columns, int boxRows) {
  static final int BOX_BYTES = 128;

  int bytes() {
    return boxRows * BOX_BYTES;
  }

  /** Copies the box at (row, column) to {@code to}, an offset in {@code shared}. */
  void copy(int column, int row, byte[] shared, int to) {
    if (to % 1024 != 0) {
      throw new IllegalStateException("a swizzled box at " + to + ": expected a multiple of 1024");
    }
    for (int r = 0; r < boxRows; r++) {
      for (int c = 0; c < BOX_BYTES; c++) {
        boolean inside = row + r >= 0 && row + r < rows && column + c >= 0 && column + c < columns;
        byte value = inside ? matrix[(row + r) * columns + column + c] : 0;
        shared[swizzle(to + r * BOX_BYTES + c)] = value;
      }
    }
  }

  /** Where the byte of an address lies: bits 4 to 6 turned by bits 7 to 9. */
  static int swizzle(int address) {
    return address ^ (address >> 7 & 7) << 4;
  }
}
