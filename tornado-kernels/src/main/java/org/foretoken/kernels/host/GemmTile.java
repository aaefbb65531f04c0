package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmTiles.GROUP;
import static org.foretoken.kernels.host.GemmTiles.MR;
import static org.foretoken.kernels.host.GemmTiles.NR;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** One register tile of c over one panel of the inner dimension: sums, scales, and the update. */
final class GemmTile {
  private GemmTile() {}

  /**
   * c[i, j] (+)= sum over p in [0, kc) of left[i, p] right[p, j].
   *
   * @param l where the tile's first row starts in {@code left}
   * @param r where the tile's sliver starts in {@code right}
   * @param at byte offset of the tile in {@code c}
   */
  static void plain(
      GemmScratch scratch,
      float[] left,
      int l,
      float[] right,
      int r,
      int kc,
      int rows,
      int columns,
      MemorySegment c,
      long at,
      long stride,
      boolean add) {
    GemmKernels.tile(rows, left, l, right, r, kc, scratch.sums, 0);
    if (add) {
      GemmPromotion.add(scratch.sums, rows, columns, c, at, stride);
    } else {
      GemmPromotion.store(scratch.sums, rows, columns, c, at, stride);
    }
  }

  /**
   * c[i, j] (+)= sum over groups g of leftScales[g, i] rightScales[g, j] sum over p in g of left[i,
   * p] right[p, j].
   *
   * @param ls where the scales of the tile's first row start, groups {@code lsStride} apart
   * @param rs where the scales of the sliver start, groups NR apart
   */
  static void scaled(
      GemmScratch scratch,
      float[] left,
      int l,
      float[] leftScales,
      int ls,
      int lsStride,
      float[] right,
      int r,
      float[] rightScales,
      int rs,
      int kc,
      int rows,
      int columns,
      MemorySegment c,
      long at,
      long stride,
      boolean add) {
    float[] tile = scratch.tile;
    if (add) {
      GemmPromotion.load(tile, rows, columns, c, at, stride);
    } else {
      Arrays.fill(tile, 0, rows * NR, 0f);
    }
    int groups = 0;
    for (int p = 0; p < kc; p += GROUP, groups++) {
      int length = Math.min(GROUP, kc - p);
      int to = groups * MR * NR;
      GemmKernels.tile(rows, left, l + p, right, r + p * NR, length, scratch.sums, to);
    }
    GemmPromotion.scale(
        scratch.sums, groups, leftScales, ls, lsStride, rightScales, rs, rows, tile);
    GemmPromotion.store(tile, rows, columns, c, at, stride);
  }
}
