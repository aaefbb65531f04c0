package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[s,h] = [q[s,h,:nope] W_UK[h] ; q[s,h,nope:]]. */
public final class AbsorbQueryForward {
  private AbsorbQueryForward() {}

  /**
   * Work group (g, b * heads + h) computes columns g * GROUP and following of head h for row block
   * b, one column an item; see {@link LatentTile}.
   *
   * @param q F32 [rows, heads * (nopeDim + ropeDim)], row-major
   * @param whole q before it was rounded for the product; what is not multiplied comes from it
   * @param weight F32 [heads * (nopeDim + valueDim), latentDim], row-major
   * @param y F32 [rows, heads * (latentDim + ropeDim)], row-major, written
   */
  public static void absorbQueryForward(
      KernelContext context,
      FloatArray q,
      FloatArray whole,
      FloatArray weight,
      FloatArray y,
      int rows,
      int heads,
      int nopeDim,
      int ropeDim,
      int valueDim,
      int latentDim) {
    float[] queries = context.allocateFloatLocalArray(LatentTile.ROWS * LatentTile.STRIDE);
    int start = context.groupIdz; // 0: see GemmTile
    int item = context.localIdx;
    int column = context.groupIdx * LatentTile.GROUP + item;
    int head = context.groupIdy % heads;
    int firstRow = context.groupIdy / heads * LatentTile.ROWS;
    int queryDim = nopeDim + ropeDim;
    int outDim = latentDim + ropeDim;
    float[] sums = new float[LatentTile.ROWS];
    for (int i = 0; i < LatentTile.ROWS; i++) {
      sums[i] = 0f;
    }
    for (int inner = start; inner < nopeDim; inner += LatentTile.DEPTH) {
      int left = nopeDim - inner;
      context.localBarrier();
      for (int i = item; i < LatentTile.ROWS * LatentTile.DEPTH; i += LatentTile.GROUP) {
        int p = i % LatentTile.DEPTH;
        int r = i / LatentTile.DEPTH;
        float x = 0f;
        if (firstRow + r < rows) {
          if (p < left) {
            x = q.get(((firstRow + r) * heads + head) * queryDim + inner + p);
          }
        }
        queries[r * LatentTile.STRIDE + p] = x;
      }
      context.localBarrier();
      int depth = left > LatentTile.DEPTH ? LatentTile.DEPTH : left;
      depth = column < latentDim ? depth : 0;
      for (int p = 0; p < depth; p++) {
        float w = weight.get((head * (nopeDim + valueDim) + inner + p) * latentDim + column);
        for (int i = 0; i < LatentTile.ROWS; i++) {
          sums[i] = sums[i] + queries[i * LatentTile.STRIDE + p] * w;
        }
      }
    }
    for (int i = 0; i < LatentTile.ROWS; i++) {
      if (firstRow + i < rows) {
        if (column < outDim) {
          int at = (firstRow + i) * heads + head;
          float value = sums[i];
          if (column >= latentDim) {
            value = whole.get(at * queryDim + nopeDim + column - latentDim);
          }
          y.set(at * outDim + column, value);
        }
      }
    }
  }
}
