package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmScratch.BLOCK;
import static org.foretoken.kernels.host.GemmScratch.BLOCK_STRIDE;
import static org.foretoken.kernels.host.GemmTiles.LANES;
import static org.foretoken.kernels.host.GemmTiles.LEFT_STRIDE;
import static org.foretoken.kernels.host.GemmTiles.NR;

/**
 * Operands to panels: left [row][LEFT_STRIDE] with the inner dimension contiguous, right slivers
 * [p][NR] with the columns contiguous.
 *
 * <p>Places of a panel beyond the operand's edge keep what they held: the tiles compute with them,
 * and nobody stores the result.
 */
final class GemmPacking {
  private GemmPacking() {}

  /** left[i, p] = a[row + i, col + p]: rows of a stored matrix become rows of the panel. */
  static void leftRows(GemmSource a, int row, int rows, int col, int kc, float[] left, int at) {
    for (int i = 0; i < rows; i++) {
      a.read(row + i, col, left, at + i * LEFT_STRIDE, kc);
    }
  }

  /**
   * left[i, p] = a[row + p, col + i]: columns of a stored matrix become rows of the panel. At most
   * {@link GemmScratch#STEP} columns at a time.
   */
  static void leftColumns(
      GemmSource a, int row, int kc, int col, int columns, float[] left, int at) {
    GemmScratch scratch = GemmScratch.get();
    for (int p = 0; p < kc; p += LANES) {
      int height = Math.min(LANES, kc - p);
      for (int i = 0; i < height; i++) {
        a.read(row + p + i, col, scratch.rows, i * BLOCK_STRIDE, columns);
      }
      for (int j = 0; j < columns; j += LANES) {
        GemmTranspose.block(
            scratch.rows,
            j,
            BLOCK_STRIDE,
            left,
            at + j * LEFT_STRIDE + p,
            LEFT_STRIDE,
            scratch.block);
      }
    }
  }

  /** sliver[p, j] = b[row + j, col + p]: rows of a stored matrix become columns of the sliver. */
  static void rightRows(GemmSource b, int row, int rows, int col, int kc, float[] right, int at) {
    GemmScratch scratch = GemmScratch.get();
    for (int p = 0; p < kc; p += BLOCK) {
      int width = Math.min(BLOCK, kc - p);
      for (int j = 0; j < rows; j++) {
        b.read(row + j, col + p, scratch.rows, j * BLOCK_STRIDE, width);
      }
      for (int q = 0; q < width; q += LANES) {
        for (int j = 0; j < rows; j += LANES) {
          GemmTranspose.block(
              scratch.rows,
              j * BLOCK_STRIDE + q,
              BLOCK_STRIDE,
              right,
              at + (p + q) * NR + j,
              NR,
              scratch.block);
        }
      }
    }
  }

  /** sliver[p, j] = b[row + p, col + j]. */
  static void rightColumns(
      GemmSource b, int row, int kc, int col, int columns, float[] right, int at) {
    for (int p = 0; p < kc; p++) {
      b.read(row + p, col, right, at + p * NR, columns);
    }
  }
}
