package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** c[e] (+)= a[rows of e]^T b[rows of e] for rows grouped by expert: wgrad in FP32. */
public final class ExpertGemmTn {
  private ExpertGemmTn() {}

  /**
   * Work group (g, h) computes the tile of tile column g and tile row h % t of expert h / t, t the
   * tile rows of an expert; see {@link GemmTile}.
   *
   * @param a F32 [rows, m], row-major
   * @param b F32 [rows, n], row-major
   * @param segments I32 [experts, 3]
   * @param c F32 [experts, m, n], row-major, written or updated
   * @param accumulate 1 to add to c, 0 to overwrite it
   */
  public static void expertGemmTn(
      KernelContext context,
      FloatArray a,
      FloatArray b,
      IntArray segments,
      FloatArray c,
      int m,
      int n,
      int accumulate) {
    float[] aTile = context.allocateFloatLocalArray(GemmTile.DEPTH * GemmTile.STRIDE);
    float[] bTile = context.allocateFloatLocalArray(GemmTile.DEPTH * GemmTile.STRIDE);
    int start = context.groupIdz; // 0: see GemmTile
    int item = context.localIdx;
    int across = item % GemmTile.ITEMS_ACROSS;
    int down = item / GemmTile.ITEMS_ACROSS;
    int tileRows = (m + GemmTile.EDGE - 1) / GemmTile.EDGE;
    int expert = context.groupIdy / tileRows;
    int firstRow = context.groupIdy % tileRows * GemmTile.EDGE;
    int begin = segments.get(expert * ExpertTile.WIDTH) + start;
    int end = ExpertTile.end(segments, expert);
    int firstColumn = context.groupIdx * GemmTile.EDGE;
    float[] sums = new float[GemmTile.ROWS * GemmTile.COLUMNS];
    float[] row = new float[GemmTile.ROWS];
    for (int i = 0; i < GemmTile.ROWS * GemmTile.COLUMNS; i++) {
      sums[i] = 0f;
    }
    for (int inner = begin; inner < end; inner += GemmTile.DEPTH) {
      int left = end - inner;
      for (int i = item; i < GemmTile.EDGE * GemmTile.DEPTH; i += GemmTile.GROUP) {
        int p = i / GemmTile.EDGE;
        int q = i % GemmTile.EDGE;
        float v = 0f;
        if (firstRow + q < m) {
          if (p < left) {
            v = a.get((inner + p) * m + firstRow + q);
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
            v = b.get((inner + p) * n + firstColumn + q);
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
            float before = accumulate == 1 ? c.get((expert * m + r) * n + q) : 0f;
            c.set((expert * m + r) * n + q, before + sums[i * GemmTile.COLUMNS + j]);
          }
        }
      }
    }
  }
}
