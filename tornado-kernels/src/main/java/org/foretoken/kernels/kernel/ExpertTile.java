package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Which rows a work group of an expert's kernel has. Rows are grouped by expert, in tiles of 128
 * that start anew with each; segments is I32 [experts, 3], {first row, rows, first tile} of each
 * expert. Inlined into kernels.
 */
final class ExpertTile {
  /** Rows of a tile. */
  static final int SIZE = 128;

  /** Integers that describe an expert. */
  static final int WIDTH = 3;

  private ExpertTile() {}

  /**
   * The expert that has a tile; 0 for a tile that none has, which then lies behind the rows of
   * expert 0.
   */
  static int expert(IntArray segments, int experts, int tile) {
    int found = 0;
    for (int e = 0; e < experts; e++) {
      int offset = tile - segments.get(e * WIDTH + 2);
      int tiles = tiles(segments.get(e * WIDTH + 1));
      int inside = offset >= 0 ? 1 : 0;
      inside = offset < tiles ? inside : 0;
      found = inside == 1 ? e : found;
    }
    return found;
  }

  /** Tiles of so many rows; the mask tells the compiler that they are not negative. */
  static int tiles(int rows) {
    return ((rows + SIZE - 1) & Integer.MAX_VALUE) / SIZE;
  }

  /** First row of a tile of {@code expert}. */
  static int firstRow(IntArray segments, int expert, int tile) {
    return segments.get(expert * WIDTH) + (tile - segments.get(expert * WIDTH + 2)) * SIZE;
  }

  /** One past the last row of {@code expert}. */
  static int end(IntArray segments, int expert) {
    return segments.get(expert * WIDTH) + segments.get(expert * WIDTH + 1);
  }
}
