package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[s,h] = W_UV[h] o[s,h]. */
public final class ExpandLatentForward {
  private static final int EACH = LatentTile.ROWS / LatentTile.DOWN;

  private ExpandLatentForward() {}

  /**
   * Work group (g, b * heads + h) computes values g * VALUES and following of head h for row block
   * b; see {@link LatentTile}. Weights pass through local memory, so that they are read along their
   * rows.
   *
   * @param o F32 [rows, heads * latentDim], row-major
   * @param weight F32 [heads * (nopeDim + valueDim), latentDim], row-major
   * @param y F32 [rows, heads * valueDim], row-major, written
   */
  public static void expandLatentForward(
      KernelContext context,
      FloatArray o,
      FloatArray weight,
      FloatArray y,
      int rows,
      int heads,
      int nopeDim,
      int valueDim,
      int latentDim) {
    float[] gathered = context.allocateFloatLocalArray(LatentTile.ROWS * LatentTile.STRIDE);
    float[] weights = context.allocateFloatLocalArray(LatentTile.VALUES * LatentTile.STRIDE);
    int start = context.groupIdz; // 0: see GemmTile
    int item = context.localIdx;
    int across = item % LatentTile.VALUES;
    int down = item / LatentTile.VALUES;
    int first = context.groupIdx * LatentTile.VALUES;
    int head = context.groupIdy % heads;
    int firstRow = context.groupIdy / heads * LatentTile.ROWS;
    int weightRow = head * (nopeDim + valueDim) + nopeDim + first;
    float[] sums = new float[EACH];
    for (int i = 0; i < EACH; i++) {
      sums[i] = 0f;
    }
    for (int inner = start; inner < latentDim; inner += LatentTile.DEPTH) {
      int left = latentDim - inner;
      context.localBarrier();
      for (int i = item; i < LatentTile.ROWS * LatentTile.DEPTH; i += LatentTile.GROUP) {
        int p = i % LatentTile.DEPTH;
        int r = i / LatentTile.DEPTH;
        float x = 0f;
        if (firstRow + r < rows) {
          if (p < left) {
            x = o.get(((firstRow + r) * heads + head) * latentDim + inner + p);
          }
        }
        gathered[r * LatentTile.STRIDE + p] = x;
      }
      for (int i = item; i < LatentTile.VALUES * LatentTile.DEPTH; i += LatentTile.GROUP) {
        int p = i % LatentTile.DEPTH;
        int r = i / LatentTile.DEPTH;
        float x = 0f;
        if (first + r < valueDim) {
          if (p < left) {
            x = weight.get((weightRow + r) * latentDim + inner + p);
          }
        }
        weights[r * LatentTile.STRIDE + p] = x;
      }
      context.localBarrier();
      for (int p = 0; p < LatentTile.DEPTH; p++) {
        float w = weights[across * LatentTile.STRIDE + p];
        for (int i = 0; i < EACH; i++) {
          float x = gathered[(down + i * LatentTile.DOWN) * LatentTile.STRIDE + p];
          sums[i] = sums[i] + x * w;
        }
      }
    }
    for (int i = 0; i < EACH; i++) {
      int row = firstRow + down + i * LatentTile.DOWN;
      if (row < rows) {
        if (first + across < valueDim) {
          y.set((row * heads + head) * valueDim + first + across, sums[i]);
        }
      }
    }
  }
}
