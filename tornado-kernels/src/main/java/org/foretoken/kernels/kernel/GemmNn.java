package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** c[m,n] (+)= a[m,k] b[k,n]: dgrad in FP32. */
public final class GemmNn {
  private GemmNn() {}

  /**
   * Work group (g, h) computes the tile of tile row h and tile column g; see {@link GemmTile}.
   *
   * @param a F32 [m, k], row-major, from element aOffset on
   * @param b F32 [k, n], row-major, from element bOffset on
   * @param c F32 [m, n], row-major, from element cOffset on, written or updated
   * @param accumulate 1 to add to c, 0 to overwrite it
   */
  public static void gemmNn(
      KernelContext context,
      FloatArray a,
      FloatArray b,
      FloatArray c,
      int m,
      int n,
      int k,
      int aOffset,
      int bOffset,
      int cOffset,
      int accumulate) {
    float[] aTile = context.allocateFloatLocalArray(GemmTile.DEPTH * GemmTile.STRIDE);
    float[] bTile = context.allocateFloatLocalArray(GemmTile.DEPTH * GemmTile.STRIDE);
    int start = context.groupIdz; // 0: see GemmTile
    int item = context.localIdx;
    int across = item % GemmTile.ITEMS_ACROSS;
    int down = item / GemmTile.ITEMS_ACROSS;
    int firstRow = context.groupIdy * GemmTile.EDGE;
    int firstColumn = context.groupIdx * GemmTile.EDGE;
    float[] sums = new float[GemmTile.ROWS * GemmTile.COLUMNS];
    float[] row = new float[GemmTile.ROWS];
    for (int i = 0; i < GemmTile.ROWS * GemmTile.COLUMNS; i++) {
      sums[i] = 0f;
    }
    for (int inner = start; inner < k; inner += GemmTile.DEPTH) {
      int left = k - inner;
      for (int i = item; i < GemmTile.EDGE * GemmTile.DEPTH; i += GemmTile.GROUP) {
        int p = i % GemmTile.DEPTH;
        int q = i / GemmTile.DEPTH;
        float v = 0f;
        if (firstRow + q < m) {
          if (p < left) {
            v = a.get(aOffset + (firstRow + q) * k + inner + p);
          }
        }
        aTile[p * GemmTile.STRIDE + q] = v;
      }
      for (int i = item; i < GemmTile.EDGE * GemmTile.DEPTH; i += GemmTile.GROUP) {
        int p = i / GemmTile.EDGE;
        int q = i % GemmTile.EDGE;
        float v = 0f;
        if (firstColumn + q < n) {
          if (p < left) {
            v = b.get(bOffset + (inner + p) * n + firstColumn + q);
          }
        }
        bTile[p * GemmTile.STRIDE + q] = v;
      }
      context.localBarrier();
      for (int p = 0; p < GemmTile.DEPTH; p++) {
        for (int i = 0; i < GemmTile.ROWS; i++) {
          row[i] = aTile[p * GemmTile.STRIDE + down + i * GemmTile.ITEMS_DOWN];
        }
        for (int j = 0; j < GemmTile.COLUMNS; j++) {
          float column = bTile[p * GemmTile.STRIDE + across + j * GemmTile.ITEMS_ACROSS];
          for (int i = 0; i < GemmTile.ROWS; i++) {
            sums[i * GemmTile.COLUMNS + j] = sums[i * GemmTile.COLUMNS + j] + row[i] * column;
          }
        }
      }
      context.localBarrier();
    }
    for (int i = 0; i < GemmTile.ROWS; i++) {
      for (int j = 0; j < GemmTile.COLUMNS; j++) {
        int r = firstRow + down + i * GemmTile.ITEMS_DOWN;
        int q = firstColumn + across + j * GemmTile.ITEMS_ACROSS;
        if (r < m) {
          if (q < n) {
            float before = accumulate == 1 ? c.get(cOffset + r * n + q) : 0f;
            c.set(cOffset + r * n + q, before + sums[i * GemmTile.COLUMNS + j]);
          }
        }
      }
    }
  }
}
