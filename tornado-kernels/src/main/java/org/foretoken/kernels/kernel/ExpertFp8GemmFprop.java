package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** y[r] (+)= x[r] w[expert of r]^T in FP8 for rows grouped by expert: the grouped GEMM. */
public final class ExpertFp8GemmFprop {
  private static final int BLOCK = 128;
  private static final int CODES = 256;

  private ExpertFp8GemmFprop() {}

  /**
   * The products of activations in 1x128 groups and weights in 128x128 blocks. Products are summed
   * in FP32 over each 128 of the inner dimension, then multiplied by the product of both scales and
   * added to the result (DeepSeek-V3, section 3.3.2). Work group (g, h) computes the tile of column
   * g and of half h % 2 of row tile h / 2, see {@link GemmTile} and {@link ExpertTile}; a group
   * beyond an expert's rows does nothing. Codes are decoded through tables in local memory.
   *
   * @param x E4M3 or E5M2 [rows, k], row-major
   * @param xScales F32 [rows, ceil(k / 128)], row-major
   * @param w E4M3 or E5M2 [experts, n, k], row-major
   * @param wScales F32 [experts, ceil(n / 128), ceil(k / 128)], row-major
   * @param segments I32 [experts, 3]
   * @param y F32 [rows, n], row-major, written or updated
   * @param xFormat of x, see {@link FloatCodec}
   * @param wFormat of w
   * @param accumulate 1 to add to y, 0 to overwrite it
   */
  public static void expertFp8GemmFprop(
      KernelContext context,
      ByteArray x,
      FloatArray xScales,
      ByteArray w,
      FloatArray wScales,
      IntArray segments,
      FloatArray y,
      int experts,
      int n,
      int k,
      int xFormat,
      int wFormat,
      int accumulate) {
    float[] aTileValues = context.allocateFloatLocalArray(CODES);
    float[] bTileValues = context.allocateFloatLocalArray(CODES);
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
    int blockRow = expert * ((n + BLOCK - 1) / BLOCK) + context.groupIdx * GemmTile.EDGE / BLOCK;
    int firstColumn = context.groupIdx * GemmTile.EDGE;
    for (int code = item; code < CODES; code += GemmTile.GROUP) {
      aTileValues[code] = FloatCodec.decode(code, xFormat);
      bTileValues[code] = FloatCodec.decode(code, wFormat);
    }
    context.localBarrier();
    float[] sums = new float[GemmTile.ROWS * GemmTile.COLUMNS];
    float[] products = new float[GemmTile.ROWS * GemmTile.COLUMNS];
    float[] row = new float[GemmTile.ROWS];
    for (int i = 0; i < GemmTile.ROWS * GemmTile.COLUMNS; i++) {
      sums[i] = 0f;
    }
    for (int block = start; block < depth; block += BLOCK) {
      for (int i = 0; i < GemmTile.ROWS * GemmTile.COLUMNS; i++) {
        products[i] = 0f;
      }
      for (int inner = block; inner < block + BLOCK; inner += GemmTile.DEPTH) {
        int left = k - inner;
        for (int i = item; i < GemmTile.EDGE * GemmTile.DEPTH; i += GemmTile.GROUP) {
          int p = i % GemmTile.DEPTH;
          int q = i / GemmTile.DEPTH;
          int code = 0;
          if (firstRow + q < m) {
            if (p < left) {
              code = x.get((firstRow + q) * k + inner + p) & 0xFF;
            }
          }
          aTile[p * GemmTile.STRIDE + q] = aTileValues[code];
        }
        for (int i = item; i < GemmTile.EDGE * GemmTile.DEPTH; i += GemmTile.GROUP) {
          int p = i % GemmTile.DEPTH;
          int q = i / GemmTile.DEPTH;
          int code = 0;
          if (firstColumn + q < n) {
            if (p < left) {
              code = w.get((expert * n + firstColumn + q) * k + inner + p) & 0xFF;
            }
          }
          bTile[p * GemmTile.STRIDE + q] = bTileValues[code];
        }
        context.localBarrier();
        for (int p = 0; p < GemmTile.DEPTH; p++) {
          for (int i = 0; i < GemmTile.ROWS; i++) {
            row[i] = aTile[p * GemmTile.STRIDE + down + i * GemmTile.ITEMS_DOWN];
          }
          for (int j = 0; j < GemmTile.COLUMNS; j++) {
            float column = bTile[p * GemmTile.STRIDE + across + j * GemmTile.ITEMS_ACROSS];
            for (int i = 0; i < GemmTile.ROWS; i++) {
              products[i * GemmTile.COLUMNS + j] =
                  products[i * GemmTile.COLUMNS + j] + row[i] * column;
            }
          }
        }
        context.localBarrier();
      }
      float weightScale = wScales.get(blockRow * ((k + BLOCK - 1) / BLOCK) + block / BLOCK);
      for (int i = 0; i < GemmTile.ROWS; i++) {
        int r = firstRow + down + i * GemmTile.ITEMS_DOWN;
        float scale = 0f;
        if (r < m) {
          scale = xScales.get(r * ((k + BLOCK - 1) / BLOCK) + block / BLOCK) * weightScale;
        }
        for (int j = 0; j < GemmTile.COLUMNS; j++) {
          sums[i * GemmTile.COLUMNS + j] =
              sums[i * GemmTile.COLUMNS + j] + products[i * GemmTile.COLUMNS + j] * scale;
        }
      }
    }
    for (int i = 0; i < GemmTile.ROWS; i++) {
      for (int j = 0; j < GemmTile.COLUMNS; j++) {
        int r = firstRow + down + i * GemmTile.ITEMS_DOWN;
        int q = firstColumn + across + j * GemmTile.ITEMS_ACROSS;
        if (r < m) {
          if (q < n) {
            float before = accumulate == 1 ? y.get(r * n + q) : 0f;
            y.set(r * n + q, before + sums[i * GemmTile.COLUMNS + j]);
          }
        }
      }
    }
  }
}
