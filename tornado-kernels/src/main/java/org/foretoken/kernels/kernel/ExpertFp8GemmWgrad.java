package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** dw[e] (+)= dy[rows of e]^T x[rows of e] in FP8 for rows grouped by expert: the grouped wgrad. */
public final class ExpertFp8GemmWgrad {
  private static final int BLOCK = 128;
  private static final int CODES = 256;

  private ExpertFp8GemmWgrad() {}

  /**
   * The products of gradients and activations, both in 128x1 groups that start anew with each
   * expert. Products are summed in FP32 over each 128 of the inner dimension, then multiplied by
   * the product of both scales and added to the result (DeepSeek-V3, section 3.3.2). Work group (g,
   * h) computes the tile of tile column g and tile row h % t of expert h / t, t the tile rows of an
   * expert; see {@link GemmTile}. Codes are decoded through tables in local memory.
   *
   * @param dy E4M3 or E5M2 [rows, n], row-major
   * @param dyScales F32 [tiles, n], row-major
   * @param x E4M3 or E5M2 [rows, k], row-major
   * @param xScales F32 [tiles, k], row-major
   * @param segments I32 [experts, 3]
   * @param dw F32 [experts, n, k], row-major, written or updated
   * @param dyFormat of dy, see {@link FloatCodec}
   * @param xFormat of x
   * @param accumulate 1 to add to dw, 0 to overwrite it
   */
  public static void expertFp8GemmWgrad(
      KernelContext context,
      ByteArray dy,
      FloatArray dyScales,
      ByteArray x,
      FloatArray xScales,
      IntArray segments,
      FloatArray dw,
      int n,
      int k,
      int dyFormat,
      int xFormat,
      int accumulate) {
    float[] aTileValues = context.allocateFloatLocalArray(CODES);
    float[] bTileValues = context.allocateFloatLocalArray(CODES);
    float[] aTile = context.allocateFloatLocalArray(GemmTile.DEPTH * GemmTile.STRIDE);
    float[] bTile = context.allocateFloatLocalArray(GemmTile.DEPTH * GemmTile.STRIDE);
    int start = context.groupIdz; // 0: see GemmTile
    int item = context.localIdx;
    int across = item % GemmTile.ITEMS_ACROSS;
    int down = item / GemmTile.ITEMS_ACROSS;
    int tileRows = (n + GemmTile.EDGE - 1) / GemmTile.EDGE;
    int expert = context.groupIdy / tileRows;
    int firstRow = context.groupIdy % tileRows * GemmTile.EDGE;
    int begin = segments.get(expert * ExpertTile.WIDTH) + start;
    int end = ExpertTile.end(segments, expert);
    int tile = segments.get(expert * ExpertTile.WIDTH + 2);
    int firstColumn = context.groupIdx * GemmTile.EDGE;
    for (int code = item; code < CODES; code += GemmTile.GROUP) {
      aTileValues[code] = FloatCodec.decode(code, dyFormat);
      bTileValues[code] = FloatCodec.decode(code, xFormat);
    }
    context.localBarrier();
    float[] sums = new float[GemmTile.ROWS * GemmTile.COLUMNS];
    float[] products = new float[GemmTile.ROWS * GemmTile.COLUMNS];
    float[] row = new float[GemmTile.ROWS];
    for (int i = 0; i < GemmTile.ROWS * GemmTile.COLUMNS; i++) {
      sums[i] = 0f;
    }
    int scaleRow = tile; // counted: a division of what may be negative would be compiled wrongly
    for (int block = begin; block < end; block += BLOCK) {
      for (int i = 0; i < GemmTile.ROWS * GemmTile.COLUMNS; i++) {
        products[i] = 0f;
      }
      for (int inner = block; inner < block + BLOCK; inner += GemmTile.DEPTH) {
        int left = end - inner;
        for (int i = item; i < GemmTile.EDGE * GemmTile.DEPTH; i += GemmTile.GROUP) {
          int p = i / GemmTile.EDGE;
          int q = i % GemmTile.EDGE;
          int code = 0;
          if (firstRow + q < n) {
            if (p < left) {
              code = dy.get((inner + p) * n + firstRow + q) & 0xFF;
            }
          }
          aTile[p * GemmTile.STRIDE + q] = aTileValues[code];
        }
        for (int i = item; i < GemmTile.EDGE * GemmTile.DEPTH; i += GemmTile.GROUP) {
          int p = i / GemmTile.EDGE;
          int q = i % GemmTile.EDGE;
          int code = 0;
          if (firstColumn + q < k) {
            if (p < left) {
              code = x.get((inner + p) * k + firstColumn + q) & 0xFF;
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
      for (int i = 0; i < GemmTile.ROWS; i++) {
        int r = firstRow + down + i * GemmTile.ITEMS_DOWN;
        row[i] = 0f;
        if (r < n) {
          row[i] = dyScales.get(scaleRow * n + r);
        }
      }
      for (int j = 0; j < GemmTile.COLUMNS; j++) {
        int q = firstColumn + across + j * GemmTile.ITEMS_ACROSS;
        float columnScale = 0f;
        if (q < k) {
          columnScale = xScales.get(scaleRow * k + q);
        }
        for (int i = 0; i < GemmTile.ROWS; i++) {
          sums[i * GemmTile.COLUMNS + j] =
              sums[i * GemmTile.COLUMNS + j]
                  + products[i * GemmTile.COLUMNS + j] * (row[i] * columnScale);
        }
      }
      scaleRow = scaleRow + 1;
    }
    for (int i = 0; i < GemmTile.ROWS; i++) {
      for (int j = 0; j < GemmTile.COLUMNS; j++) {
        int r = firstRow + down + i * GemmTile.ITEMS_DOWN;
        int q = firstColumn + across + j * GemmTile.ITEMS_ACROSS;
        if (r < n) {
          if (q < k) {
            float before = accumulate == 1 ? dw.get((expert * n + r) * k + q) : 0f;
            dw.set((expert * n + r) * k + q, before + sums[i * GemmTile.COLUMNS + j]);
          }
        }
      }
    }
  }
}
