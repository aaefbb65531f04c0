package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** c[r] (+)= a[r] b[expert of r]^T for rows grouped by expert: fprop in FP32. */
public final class ExpertGemmNt {
  private ExpertGemmNt() {}

  /**
   * Work group (g, h) computes the tile of column g and of half h % 2 of row tile h / 2, see {@link
   * GemmTile} and {@link ExpertTile}; a group beyond an expert's rows does nothing.
   *
   * @param a F32 [rows, k], row-major
   * @param b F32 [experts, n, k], row-major
   * @param segments I32 [experts, 3]
   * @param c F32 [rows, n], row-major, written or updated
   * @param accumulate 1 to add to c, 0 to overwrite it
   */
  public static void expertGemmNt(
      KernelContext context,
      FloatArray a,
      FloatArray b,
      IntArray segments,
      FloatArray c,
      int experts,
      int n,
      int k,
      int accumulate) {
    float[] aTile = context.allocateFloatLocalArray(GemmTile.DEPTH * GemmTile.STRIDE);
    float[] bTile = context.allocateFloatLocalArray(GemmTile.DEPTH * GemmTile.STRIDE);
    int start = context.groupIdz; // 0: see GemmTile
    int item = context.localIdx;
    int across = item % GemmTile.ITEMS_ACROSS;
    int down = item / GemmTile.ITEMS_ACROSS;
    int tile = context.groupIdy / (ExpertTile.SIZE / GemmTile.EDGE);
    int part = context.groupIdy % (ExpertTile.SIZE / GemmTile.EDGE);
    int expert = ExpertTile.expert(segments, experts, tile);
    int firstRow = ExpertTile.firstRow(segments, expert, tile) + part * GemmTile.EDGE;
    int m = ExpertTile.end(segments, expert);
    int depth = firstRow < m ? k : start;
    int firstColumn = context.groupIdx * GemmTile.EDGE;
    float[] sums = new float[GemmTile.ROWS * GemmTile.COLUMNS];
    float[] row = new float[GemmTile.ROWS];
    for (int i = 0; i < GemmTile.ROWS * GemmTile.COLUMNS; i++) {
      sums[i] = 0f;
    }
    for (int inner = start; inner < depth; inner += GemmTile.DEPTH) {
      int left = k - inner;
      for (int i = item; i < GemmTile.EDGE * GemmTile.DEPTH; i += GemmTile.GROUP) {
        int p = i % GemmTile.DEPTH;
        int q = i / GemmTile.DEPTH;
        float v = 0f;
        if (firstRow + q < m) {
          if (p < left) {
            v = a.get((firstRow + q) * k + inner + p);
          }
        }
        aTile[p * GemmTile.STRIDE + q] = v;
      }
      for (int i = item; i < GemmTile.EDGE * GemmTile.DEPTH; i += GemmTile.GROUP) {
        int p = i % GemmTile.DEPTH;
        int q = i / GemmTile.DEPTH;
        float v = 0f;
        if (firstColumn + q < n) {
          if (p < left) {
            v = b.get((expert * n + firstColumn + q) * k + inner + p);
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
            float before = accumulate == 1 ? c.get(r * n + q) : 0f;
            c.set(r * n + q, before + sums[i * GemmTile.COLUMNS + j]);
          }
        }
      }
    }
  }
}
