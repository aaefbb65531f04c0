package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;

/** y[j,i] = x[i,j], for FP8 codes. */
public final class TransposeBytes {
  /** Rows and columns that a work group moves. */
  public static final int EDGE = 64;

  /** Work items of a group. */
  public static final int GROUP = 256;

  /** Bytes between rows in local memory: with a word more than the row, columns miss each other. */
  private static final int STRIDE = EDGE + 4;

  private TransposeBytes() {}

  /**
   * Work group (g, h) moves the tile of tile row h and tile column g through local memory, so that
   * both the reads and the writes of neighbouring items are neighbours.
   *
   * @param x [rows, columns], row-major
   * @param y [columns, rows], row-major, written
   */
  public static void transposeBytes(
      KernelContext context, ByteArray x, ByteArray y, int rows, int columns) {
    byte[] tile = context.allocateByteLocalArray(EDGE * STRIDE);
    int firstRow = context.groupIdy * EDGE;
    int firstColumn = context.groupIdx * EDGE;
    int across = context.localIdx % EDGE;
    int down = context.localIdx / EDGE;
    for (int i = down; i < EDGE; i += GROUP / EDGE) {
      if (firstRow + i < rows) {
        if (firstColumn + across < columns) {
          tile[i * STRIDE + across] = x.get((firstRow + i) * columns + firstColumn + across);
        }
      }
    }
    context.localBarrier();
    for (int j = down; j < EDGE; j += GROUP / EDGE) {
      if (firstColumn + j < columns) {
        if (firstRow + across < rows) {
          y.set((firstColumn + j) * rows + firstRow + across, tile[across * STRIDE + j]);
        }
      }
    }
  }
}
