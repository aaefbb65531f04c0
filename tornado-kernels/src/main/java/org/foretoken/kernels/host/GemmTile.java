package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmTiles.NR;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** How the sums of one register tile over a panel of the inner dimension enter c. */
final class GemmTile {
  private GemmTile() {}

  /**
   * c[i, j] (+)= sums[i, j].
   *
   * @param from where the tile's sums start
   * @param at byte offset of the tile in {@code c}
   */
  static void plain(
      GemmScratch scratch,
      int from,
      int rows,
      int columns,
      MemorySegment c,
      long at,
      long stride,
      boolean add) {
    if (add) {
      GemmPromotion.add(scratch.sums, from, rows, columns, c, at, stride);
    } else {
      GemmPromotion.store(scratch.sums, from, rows, columns, c, at, stride);
    }
  }

  /**
   * c[i, j] (+)= sum over groups g of leftScales[g, i] rightScales[g, j] sums[g, i, j].
   *
   * @param from where the tile's sums of the first group start
   * @param l where the scales of the tile's first row start, groups {@code lStride} apart
   * @param r where the scales of the sliver start, groups NR apart
   * @param at byte offset of the tile in {@code c}
   */
  static void scaled(
      GemmScratch scratch,
      int from,
      int groups,
      float[] leftScales,
      int l,
      int lStride,
      float[] rightScales,
      int r,
      int rows,
      int columns,
      MemorySegment c,
      long at,
      long stride,
      boolean add) {
    if (columns == NR) {
      GemmPromotion.scaleInto(
          scratch.sums,
          from,
          groups,
          leftScales,
          l,
          lStride,
          rightScales,
          r,
          rows,
          c,
          at,
          stride,
          add);
      return;
    }
    float[] tile = scratch.tile;
    if (add) {
      GemmPromotion.load(tile, rows, columns, c, at, stride);
    } else {
      Arrays.fill(tile, 0, rows * NR, 0f);
    }
    GemmPromotion.scale(
        scratch.sums, from, groups, leftScales, l, lStride, rightScales, r, rows, tile);
    GemmPromotion.store(tile, 0, rows, columns, c, at, stride);
  }
}
