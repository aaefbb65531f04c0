package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmScratch.BLOCK;
import static org.foretoken.kernels.host.GemmScratch.BLOCK_STRIDE;
import static org.foretoken.kernels.host.GemmTiles.KC;
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
      a.read(row + i, col, left, at + i * LEFT_STRIDE, NR, kc);
    }
  }

  /**
   * left[i, p] = a[row + p, col + i]: columns of a stored matrix become rows of the panel. At most
   * {@link GemmScratch#STEP} columns at a time.
   */
  static void leftColumns(
      GemmSource a, int row, int kc, int col, int columns, float[] left, int at) {
    for (int p = 0; p < kc; p += LANES) {
      transpose(a, row + p, Math.min(LANES, kc - p), col, columns, left, at + p, LEFT_STRIDE);
    }
  }

  /** sliver[p, j] = b[row + j, col + p]: rows of a stored matrix become columns of the sliver. */
  static void rightRows(GemmSource b, int row, int rows, int col, int kc, float[] right, int at) {
    for (int p = 0; p < kc; p += BLOCK) {
      int width = Math.min(BLOCK, kc - p);
      for (int j = 0; j < rows; j += LANES) {
        int height = Math.min(LANES, rows - j);
        transpose(b, row + j, height, col + p, width, right, at + p * NR + j, NR);
      }
    }
  }

  /** dst[j, i] = x[row + i, col + j] for up to LANES rows and {@link GemmScratch#BLOCK} columns. */
  private static void transpose(
      GemmSource x, int row, int rows, int col, int columns, float[] dst, int at, int stride) {
    GemmScratch scratch = GemmScratch.get();
    int j = 0;
    if (x.isCodes()) {
      j = columns / (4 * LANES) * (4 * LANES);
      j = transposeCodes(scratch, x, row, rows, col, j, dst, at, stride);
    }
    if (j == columns) {
      return;
    }
    for (int i = 0; i < rows; i++) {
      x.read(row + i, col + j, scratch.rows, i * BLOCK_STRIDE, NR, columns - j);
    }
    for (int q = 0; q < columns - j; q += LANES) {
      GemmTranspose.block(
          scratch.rows, q, BLOCK_STRIDE, dst, at + (j + q) * stride, stride, scratch.block);
    }
  }

  /** Returns the columns that are done: all of them, or fewer where a code needs the scalar way. */
  private static int transposeCodes(
      GemmScratch scratch,
      GemmSource x,
      int row,
      int rows,
      int col,
      int columns,
      float[] dst,
      int at,
      int stride) {
    for (int i = 0; i < rows; i++) {
      x.readQuads(row + i, col, scratch.rows, i * BLOCK_STRIDE, columns / 4);
    }
    boolean e4m3 = x.type() == GemmSource.Type.E4M3;
    for (int j = 0; j < columns; j += 4 * LANES) {
      GemmTranspose.block(
          scratch.rows, j / 4, BLOCK_STRIDE, scratch.quads, 0, LANES, scratch.block);
      if (!GemmCodes.decode(e4m3, scratch.quads, dst, at + j * stride, stride)) {
        return j;
      }
    }
    return columns;
  }

  /** sliver[p, j] = b[row + p, col + j], for as many slivers as the columns fill. */
  static void rightColumns(
      GemmSource b, int row, int kc, int col, int columns, float[] right, int at) {
    for (int p = 0; p < kc; p++) {
      b.read(row + p, col, right, at + p * NR, KC * NR, columns);
    }
  }
}
