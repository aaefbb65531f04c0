package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** o = softmax(scale q k^T) v over keys firstRow[i] .. i of each row i, by online softmax. */
public final class AttentionForward {
  private AttentionForward() {}

  /**
   * Work group (g, h) computes query rows 16 g and following of head h; see {@link AttentionTile}.
   *
   * <p>Tiles of keys start at the first row of a document, not at a multiple of their size: what a
   * row sees, and in which order, then does not depend on where its document lies, and {@link
   * CachedAttentionForward} gives the same bits. Documents in the same tile of queries are taken
   * one after the other; to the rows of the others they are masked.
   *
   * @param q F32 [rows, heads * headDim], row-major
   * @param k F32 [rows, kvHeads * headDim], row-major
   * @param v F32 [rows, kvHeads * valueDim], row-major
   * @param firstRow I32 [rows]: first row of each row's document
   * @param o F32 [rows, heads * valueDim], row-major, written
   * @param lse F32 [rows, heads], row-major, written: log of the sum of exponentials of the scores
   */
  public static void attentionForward(
      KernelContext context,
      FloatArray q,
      FloatArray k,
      FloatArray v,
      IntArray firstRow,
      FloatArray o,
      FloatArray lse,
      int rows,
      int heads,
      int kvHeads,
      int headDim,
      int valueDim,
      float scale) {
    int stride = headDim + 1;
    int widest = stride > valueDim ? stride : valueDim;
    float[] queries = context.allocateFloatLocalArray(AttentionTile.ROWS * (headDim + 1));
    float[] keys = context.allocateFloatLocalArray(AttentionTile.KEYS * widest);
    float[] scores = context.allocateFloatLocalArray(AttentionTile.ROWS * AttentionTile.SCORES);
    float[] weights = context.allocateFloatLocalArray(AttentionTile.ROWS * AttentionTile.SCORES);
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
    int columns = (valueDim + AttentionTile.LANES - 1) / AttentionTile.LANES;
    float[] sums0 = new float[columns];
    float[] sums1 = new float[columns];
    for (int j = 0; j < columns; j++) {
      sums0[j] = 0f;
      sums1[j] = 0f;
    }
    float max0 = AttentionTile.LOWEST;
    float max1 = AttentionTile.LOWEST;
    float total0 = 0f;
    float total1 = 0f;
    // A row past the end belongs to no document.
    int begin0 = row0 < here ? firstRow.get(first + row0) : rows;
    int begin1 = row1 < here ? firstRow.get(first + row1) : rows;
    int before = -1;
    for (int d = 0; d < here; d++) {
      int begin = firstRow.get(first + d);
      int end = begin == before ? begin : first + here;
      before = begin;
      for (int tile = begin; tile < end; tile += AttentionTile.KEYS) {
        context.localBarrier();
        for (int i = item; i < AttentionTile.KEYS * headDim; i += AttentionTile.GROUP) {
          int key = i / headDim;
          float value = 0f;
          if (tile + key < end) {
            value = k.get((tile + key) * kvHeads * headDim + kvHead * headDim + i % headDim);
          }
          keys[key * stride + i % headDim] = value;
        }
        context.localBarrier();
        float dot00 = 0f;
        float dot01 = 0f;
        float dot10 = 0f;
        float dot11 = 0f;
        for (int c = 0; c < headDim; c++) {
          float q0 = queries[row0 * stride + c];
          float q1 = queries[row1 * stride + c];
          float k0 = keys[lane * stride + c];
          float k1 = keys[(lane + AttentionTile.LANES) * stride + c];
          dot00 = dot00 + q0 * k0;
          dot01 = dot01 + q0 * k1;
          dot10 = dot10 + q1 * k0;
          dot11 = dot11 + q1 * k1;
        }
        int key0 = tile + lane;
        int key1 = key0 + AttentionTile.LANES;
        // Last key of a row of this document, and before all keys for a row of another.
        int last0 = begin0 == begin ? first + row0 : -1;
        int last1 = begin1 == begin ? first + row1 : -1;
        int at0 = row0 * AttentionTile.SCORES + lane;
        int at1 = row1 * AttentionTile.SCORES + lane;
        scores[at0] = key0 <= last0 ? dot00 * scale : AttentionTile.LOWEST;
        scores[at0 + AttentionTile.LANES] = key1 <= last0 ? dot01 * scale : AttentionTile.LOWEST;
        scores[at1] = key0 <= last1 ? dot10 * scale : AttentionTile.LOWEST;
        scores[at1 + AttentionTile.LANES] = key1 <= last1 ? dot11 * scale : AttentionTile.LOWEST;
        context.localBarrier();
        float next0 = max0;
        float next1 = max1;
        for (int key = 0; key < AttentionTile.KEYS; key++) {
          next0 = TornadoMath.max(next0, scores[row0 * AttentionTile.SCORES + key]);
          next1 = TornadoMath.max(next1, scores[row1 * AttentionTile.SCORES + key]);
        }
        float decay0 = TornadoMath.exp(max0 - next0);
        float decay1 = TornadoMath.exp(max1 - next1);
        max0 = next0;
        max1 = next1;
        weights[at0] = key0 <= last0 ? TornadoMath.exp(scores[at0] - max0) : 0f;
        weights[at0 + AttentionTile.LANES] =
            key1 <= last0 ? TornadoMath.exp(scores[at0 + AttentionTile.LANES] - max0) : 0f;
        weights[at1] = key0 <= last1 ? TornadoMath.exp(scores[at1] - max1) : 0f;
        weights[at1 + AttentionTile.LANES] =
            key1 <= last1 ? TornadoMath.exp(scores[at1 + AttentionTile.LANES] - max1) : 0f;
        for (int i = item; i < AttentionTile.KEYS * valueDim; i += AttentionTile.GROUP) {
          int key = i / valueDim;
          float value = 0f;
          if (tile + key < end) {
            value = v.get((tile + key) * kvHeads * valueDim + kvHead * valueDim + i % valueDim);
          }
          keys[i] = value;
        }
        context.localBarrier();
        total0 = total0 * decay0;
        total1 = total1 * decay1;
        for (int j = 0; j < columns; j++) {
          sums0[j] = sums0[j] * decay0;
          sums1[j] = sums1[j] * decay1;
        }
        for (int key = 0; key < AttentionTile.KEYS; key++) {
          float weight0 = weights[row0 * AttentionTile.SCORES + key];
          float weight1 = weights[row1 * AttentionTile.SCORES + key];
          total0 = total0 + weight0;
          total1 = total1 + weight1;
          for (int j = 0; j < columns; j++) {
            int c = lane + j * AttentionTile.LANES;
            if (c < valueDim) {
              float value = keys[key * valueDim + c];
              sums0[j] = sums0[j] + weight0 * value;
              sums1[j] = sums1[j] + weight1 * value;
            }
          }
        }
      }
    }
    for (int j = 0; j < columns; j++) {
      int c = lane + j * AttentionTile.LANES;
      if (c < valueDim) {
        if (row0 < here) {
          o.set((first + row0) * heads * valueDim + head * valueDim + c, sums0[j] / total0);
        }
        if (row1 < here) {
          o.set((first + row1) * heads * valueDim + head * valueDim + c, sums1[j] / total1);
        }
      }
    }
    if (lane == 0) {
      if (row0 < here) {
        lse.set((first + row0) * heads + head, max0 + TornadoMath.log(total0));
      }
      if (row1 < here) {
        lse.set((first + row1) * heads + head, max1 + TornadoMath.log(total1));
      }
    }
  }
}
