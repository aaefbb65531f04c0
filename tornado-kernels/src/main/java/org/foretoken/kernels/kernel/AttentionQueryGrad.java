package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** dq = scale dS k with p = exp(scale q k^T - lse), dS = p * (dO v^T - delta). */
public final class AttentionQueryGrad {
  private AttentionQueryGrad() {}

  /**
   * Work group (g, h) computes query rows 16 g and following of head h; see {@link AttentionTile}.
   *
   * @param q F32 [rows, heads * headDim], row-major
   * @param k F32 [rows, kvHeads * headDim], row-major
   * @param v F32 [rows, kvHeads * valueDim], row-major
   * @param firstRow I32 [rows], not decreasing
   * @param lse F32 [rows, heads], row-major
   * @param delta F32 [rows, heads], row-major
   * @param dO F32 [rows, heads * valueDim], row-major
   * @param dq F32 [rows, heads * headDim], row-major, written
   */
  public static void attentionQueryGrad(
      KernelContext context,
      FloatArray q,
      FloatArray k,
      FloatArray v,
      IntArray firstRow,
      FloatArray lse,
      FloatArray delta,
      FloatArray dO,
      FloatArray dq,
      int rows,
      int heads,
      int kvHeads,
      int headDim,
      int valueDim,
      float scale) {
    int stride = headDim + 1;
    int valueStride = valueDim + 1;
    float[] queries = context.allocateFloatLocalArray(AttentionTile.ROWS * (headDim + 1));
    float[] outputs = context.allocateFloatLocalArray(AttentionTile.ROWS * (valueDim + 1));
    float[] keys = context.allocateFloatLocalArray(AttentionTile.BACKWARD * (headDim + 1));
    float[] values = context.allocateFloatLocalArray(AttentionTile.BACKWARD * (valueDim + 1));
    float[] slopes = context.allocateFloatLocalArray(AttentionTile.ROWS * AttentionTile.SCORES);
    int item = context.localIdx;
    int lane = item % AttentionTile.LANES;
    int row0 = item / AttentionTile.LANES;
    int row1 = row0 + AttentionTile.PAIR;
    int first = context.groupIdx * AttentionTile.ROWS;
    int head = context.groupIdy;
    int kvHead = head / (heads / kvHeads);
    int here = rows - first;
    here = here > AttentionTile.ROWS ? AttentionTile.ROWS : here;
    for (int i = item; i < AttentionTile.ROWS * headDim; i += AttentionTile.GROUP) {
      int r = i / headDim;
      float value = 0f;
      if (r < here) {
        value = q.get((first + r) * heads * headDim + head * headDim + i % headDim);
      }
      queries[r * stride + i % headDim] = value;
    }
    for (int i = item; i < AttentionTile.ROWS * valueDim; i += AttentionTile.GROUP) {
      int r = i / valueDim;
      float value = 0f;
      if (r < here) {
        value = dO.get((first + r) * heads * valueDim + head * valueDim + i % valueDim);
      }
      outputs[r * valueStride + i % valueDim] = value;
    }
    int columns = (headDim + AttentionTile.LANES - 1) / AttentionTile.LANES;
    float[] sums0 = new float[columns];
    float[] sums1 = new float[columns];
    for (int j = 0; j < columns; j++) {
      sums0[j] = 0f;
      sums1[j] = 0f;
    }
    int begin0 = rows;
    float lse0 = 0f;
    float delta0 = 0f;
    if (row0 < here) {
      begin0 = firstRow.get(first + row0);
      lse0 = lse.get((first + row0) * heads + head);
      delta0 = delta.get((first + row0) * heads + head);
    }
    int begin1 = rows;
    float lse1 = 0f;
    float delta1 = 0f;
    if (row1 < here) {
      begin1 = firstRow.get(first + row1);
      lse1 = lse.get((first + row1) * heads + head);
      delta1 = delta.get((first + row1) * heads + head);
    }
    // Documents follow each other, so the keys of all rows of the tile are one range.
    int end = first + here;
    for (int tile = firstRow.get(first); tile < end; tile += AttentionTile.BACKWARD) {
      context.localBarrier();
      for (int i = item; i < AttentionTile.BACKWARD * headDim; i += AttentionTile.GROUP) {
        int key = i / headDim;
        float value = 0f;
        if (tile + key < end) {
          value = k.get((tile + key) * kvHeads * headDim + kvHead * headDim + i % headDim);
        }
        keys[key * stride + i % headDim] = value;
      }
      for (int i = item; i < AttentionTile.BACKWARD * valueDim; i += AttentionTile.GROUP) {
        int key = i / valueDim;
        float value = 0f;
        if (tile + key < end) {
          value = v.get((tile + key) * kvHeads * valueDim + kvHead * valueDim + i % valueDim);
        }
        values[key * valueStride + i % valueDim] = value;
      }
      context.localBarrier();
      float dot0 = 0f;
      float dot1 = 0f;
      for (int c = 0; c < headDim; c++) {
        float key = keys[lane * stride + c];
        dot0 = dot0 + queries[row0 * stride + c] * key;
        dot1 = dot1 + queries[row1 * stride + c] * key;
      }
      float grad0 = 0f;
      float grad1 = 0f;
      for (int c = 0; c < valueDim; c++) {
        float value = values[lane * valueStride + c];
        grad0 = grad0 + outputs[row0 * valueStride + c] * value;
        grad1 = grad1 + outputs[row1 * valueStride + c] * value;
      }
      int key = tile + lane;
      // A row sees the keys from its document's first row to itself.
      float seen0 = key <= first + row0 ? (key >= begin0 ? scale : 0f) : 0f;
      float seen1 = key <= first + row1 ? (key >= begin1 ? scale : 0f) : 0f;
      float exponent0 = seen0 > 0f ? dot0 * scale - lse0 : AttentionTile.LOWEST;
      float exponent1 = seen1 > 0f ? dot1 * scale - lse1 : AttentionTile.LOWEST;
      slopes[row0 * AttentionTile.SCORES + lane] =
          TornadoMath.exp(exponent0) * (grad0 - delta0) * seen0;
      slopes[row1 * AttentionTile.SCORES + lane] =
          TornadoMath.exp(exponent1) * (grad1 - delta1) * seen1;
      context.localBarrier();
      for (int p = 0; p < AttentionTile.BACKWARD; p++) {
        float slope0 = slopes[row0 * AttentionTile.SCORES + p];
        float slope1 = slopes[row1 * AttentionTile.SCORES + p];
        for (int j = 0; j < columns; j++) {
          int c = lane + j * AttentionTile.LANES;
          if (c < headDim) {
            float value = keys[p * stride + c];
            sums0[j] = sums0[j] + slope0 * value;
            sums1[j] = sums1[j] + slope1 * value;
          }
        }
      }
    }
    for (int j = 0; j < columns; j++) {
      int c = lane + j * AttentionTile.LANES;
      if (c < headDim) {
        if (row0 < here) {
          dq.set((first + row0) * heads * headDim + head * headDim + c, sums0[j]);
        }
        if (row1 < here) {
          dq.set((first + row1) * heads * headDim + head * headDim + c, sums1[j]);
        }
      }
    }
  }
}
