package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** dk = scale dS^T q and dv = p^T dO, summed over the query heads that share a key head. */
public final class AttentionKeyValueGrad {
  private AttentionKeyValueGrad() {}

  /**
   * Work group (g, h) computes keys 16 g and following of key head h, from all query rows that see
   * them; p and dS as in {@link AttentionQueryGrad}. See {@link AttentionTile}.
   *
   * @param q F32 [rows, heads * headDim], row-major
   * @param k F32 [rows, kvHeads * headDim], row-major
   * @param v F32 [rows, kvHeads * valueDim], row-major
   * @param firstRow I32 [rows], not decreasing
   * @param lse F32 [rows, heads], row-major
   * @param delta F32 [rows, heads], row-major
   * @param dO F32 [rows, heads * valueDim], row-major
   * @param dk F32 [rows, kvHeads * headDim], row-major, written
   * @param dv F32 [rows, kvHeads * valueDim], row-major, written
   */
  public static void attentionKeyValueGrad(
      KernelContext context,
      FloatArray q,
      FloatArray k,
      FloatArray v,
      IntArray firstRow,
      FloatArray lse,
      FloatArray delta,
      FloatArray dO,
      FloatArray dk,
      FloatArray dv,
      int rows,
      int heads,
      int kvHeads,
      int headDim,
      int valueDim,
      float scale) {
    int stride = headDim + 1;
    int valueStride = valueDim + 1;
    float[] keys = context.allocateFloatLocalArray(AttentionTile.ROWS * (headDim + 1));
    float[] values = context.allocateFloatLocalArray(AttentionTile.ROWS * (valueDim + 1));
    float[] queries = context.allocateFloatLocalArray(AttentionTile.BACKWARD * (headDim + 1));
    float[] outputs = context.allocateFloatLocalArray(AttentionTile.BACKWARD * (valueDim + 1));
    float[] weights = context.allocateFloatLocalArray(AttentionTile.ROWS * AttentionTile.SCORES);
    float[] slopes = context.allocateFloatLocalArray(AttentionTile.ROWS * AttentionTile.SCORES);
    int[] counts = context.allocateIntLocalArray(AttentionTile.GROUP);
    int item = context.localIdx;
    int lane = item % AttentionTile.LANES;
    int key0 = item / AttentionTile.LANES;
    int key1 = key0 + AttentionTile.PAIR;
    int first = context.groupIdx * AttentionTile.ROWS;
    int kvHead = context.groupIdy;
    int shared = heads / kvHeads;
    int here = rows - first;
    here = here > AttentionTile.ROWS ? AttentionTile.ROWS : here;
    for (int i = item; i < AttentionTile.ROWS * headDim; i += AttentionTile.GROUP) {
      int r = i / headDim;
      float value = 0f;
      if (r < here) {
        value = k.get((first + r) * kvHeads * headDim + kvHead * headDim + i % headDim);
      }
      keys[r * stride + i % headDim] = value;
    }
    for (int i = item; i < AttentionTile.ROWS * valueDim; i += AttentionTile.GROUP) {
      int r = i / valueDim;
      float value = 0f;
      if (r < here) {
        value = v.get((first + r) * kvHeads * valueDim + kvHead * valueDim + i % valueDim);
      }
      values[r * valueStride + i % valueDim] = value;
    }
    // Rows whose document begins at or before the last key here; they follow each other.
    int seeing = 0;
    for (int r = first + item; r < rows; r += AttentionTile.GROUP) {
      seeing = firstRow.get(r) < first + here ? seeing + 1 : seeing;
    }
    counts[item] = seeing;
    for (int half = AttentionTile.GROUP / 2; half > 0; half = half / 2) {
      context.localBarrier();
      if (item < half) {
        counts[item] = counts[item] + counts[item + half];
      }
    }
    context.localBarrier();
    int end = first + counts[0];
    int columns = (headDim + AttentionTile.LANES - 1) / AttentionTile.LANES;
    int valueColumns = (valueDim + AttentionTile.LANES - 1) / AttentionTile.LANES;
    float[] keySums0 = new float[columns];
    float[] keySums1 = new float[columns];
    float[] valueSums0 = new float[valueColumns];
    float[] valueSums1 = new float[valueColumns];
    for (int j = 0; j < columns; j++) {
      keySums0[j] = 0f;
      keySums1[j] = 0f;
    }
    for (int j = 0; j < valueColumns; j++) {
      valueSums0[j] = 0f;
      valueSums1[j] = 0f;
    }
    // The mask tells the compiler that the number is not negative.
    int tiles =
        ((counts[0] + AttentionTile.BACKWARD - 1) & Integer.MAX_VALUE) / AttentionTile.BACKWARD;
    for (int step = 0; step < shared * tiles; step++) {
      int head = kvHead * shared + step / tiles;
      int tile = first + step % tiles * AttentionTile.BACKWARD;
      context.localBarrier();
      for (int i = item; i < AttentionTile.BACKWARD * headDim; i += AttentionTile.GROUP) {
        int r = i / headDim;
        float value = 0f;
        if (tile + r < end) {
          value = q.get((tile + r) * heads * headDim + head * headDim + i % headDim);
        }
        queries[r * stride + i % headDim] = value;
      }
      for (int i = item; i < AttentionTile.BACKWARD * valueDim; i += AttentionTile.GROUP) {
        int r = i / valueDim;
        float value = 0f;
        if (tile + r < end) {
          value = dO.get((tile + r) * heads * valueDim + head * valueDim + i % valueDim);
        }
        outputs[r * valueStride + i % valueDim] = value;
      }
      context.localBarrier();
      float dot0 = 0f;
      float dot1 = 0f;
      for (int c = 0; c < headDim; c++) {
        float query = queries[lane * stride + c];
        dot0 = dot0 + query * keys[key0 * stride + c];
        dot1 = dot1 + query * keys[key1 * stride + c];
      }
      float grad0 = 0f;
      float grad1 = 0f;
      for (int c = 0; c < valueDim; c++) {
        float output = outputs[lane * valueStride + c];
        grad0 = grad0 + output * values[key0 * valueStride + c];
        grad1 = grad1 + output * values[key1 * valueStride + c];
      }
      int row = tile + lane;
      int begin = rows;
      float rowLse = 0f;
      float rowDelta = 0f;
      if (row < end) {
        begin = firstRow.get(row);
        rowLse = lse.get(row * heads + head);
        rowDelta = delta.get(row * heads + head);
      }
      float seen0 = first + key0 <= row ? (first + key0 >= begin ? scale : 0f) : 0f;
      float seen1 = first + key1 <= row ? (first + key1 >= begin ? scale : 0f) : 0f;
      float weight0 = TornadoMath.exp(seen0 > 0f ? dot0 * scale - rowLse : AttentionTile.LOWEST);
      float weight1 = TornadoMath.exp(seen1 > 0f ? dot1 * scale - rowLse : AttentionTile.LOWEST);
      weights[key0 * AttentionTile.SCORES + lane] = weight0;
      weights[key1 * AttentionTile.SCORES + lane] = weight1;
      slopes[key0 * AttentionTile.SCORES + lane] = weight0 * (grad0 - rowDelta) * seen0;
      slopes[key1 * AttentionTile.SCORES + lane] = weight1 * (grad1 - rowDelta) * seen1;
      context.localBarrier();
      for (int p = 0; p < AttentionTile.BACKWARD; p++) {
        float p0 = weights[key0 * AttentionTile.SCORES + p];
        float p1 = weights[key1 * AttentionTile.SCORES + p];
        float s0 = slopes[key0 * AttentionTile.SCORES + p];
        float s1 = slopes[key1 * AttentionTile.SCORES + p];
        for (int j = 0; j < columns; j++) {
          int c = lane + j * AttentionTile.LANES;
          if (c < headDim) {
            float query = queries[p * stride + c];
            keySums0[j] = keySums0[j] + s0 * query;
            keySums1[j] = keySums1[j] + s1 * query;
          }
        }
        for (int j = 0; j < valueColumns; j++) {
          int c = lane + j * AttentionTile.LANES;
          if (c < valueDim) {
            float output = outputs[p * valueStride + c];
            valueSums0[j] = valueSums0[j] + p0 * output;
            valueSums1[j] = valueSums1[j] + p1 * output;
          }
        }
      }
    }
    for (int j = 0; j < columns; j++) {
      int c = lane + j * AttentionTile.LANES;
      if (c < headDim) {
        if (key0 < here) {
          dk.set((first + key0) * kvHeads * headDim + kvHead * headDim + c, keySums0[j]);
        }
        if (key1 < here) {
          dk.set((first + key1) * kvHeads * headDim + kvHead * headDim + c, keySums1[j]);
        }
      }
    }
    for (int j = 0; j < valueColumns; j++) {
      int c = lane + j * AttentionTile.LANES;
      if (c < valueDim) {
        if (key0 < here) {
          dv.set((first + key0) * kvHeads * valueDim + kvHead * valueDim + c, valueSums0[j]);
        }
        if (key1 < here) {
          dv.set((first + key1) * kvHeads * valueDim + kvHead * valueDim + c, valueSums1[j]);
        }
      }
    }
  }
}
