package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** o[s] = softmax(scale q[s] k^T) v over cache rows begins[s] .. ends[s] - 1, by online softmax. */
public final class CachedAttentionForward {
  /** Work items of a group: one a column of values, and one a key of four tiles. */
  public static final int GROUP = 128;

  private CachedAttentionForward() {}

  /**
   * Work group (s, h) computes row s of head h. Tiles of keys and every sum are taken in the order
   * of {@link AttentionForward}, so that the row has the same bits.
   *
   * @param q F32 [rows, heads * headDim], row-major
   * @param keyCache F32 [capacity, kvHeads * headDim], row-major
   * @param valueCache F32 [capacity, kvHeads * valueDim], row-major
   * @param begins I32 [rows]
   * @param ends I32 [rows]
   * @param o F32 [rows, heads * valueDim], row-major, written
   */
  public static void cachedAttentionForward(
      KernelContext context,
      FloatArray q,
      FloatArray keyCache,
      FloatArray valueCache,
      IntArray begins,
      IntArray ends,
      FloatArray o,
      int heads,
      int kvHeads,
      int headDim,
      int valueDim,
      float scale) {
    float[] query = context.allocateFloatLocalArray(headDim);
    float[] scores = context.allocateFloatLocalArray(GROUP);
    float[] weights = context.allocateFloatLocalArray(AttentionTile.KEYS);
    int item = context.localIdx;
    int row = context.groupIdx;
    int head = context.groupIdy;
    int kvHead = head / (heads / kvHeads);
    int begin = begins.get(row);
    int end = ends.get(row);
    for (int i = item; i < headDim; i += GROUP) {
      query[i] = q.get(row * heads * headDim + head * headDim + i);
    }
    int columns = (valueDim + GROUP - 1) / GROUP;
    float[] sums = new float[columns];
    for (int j = 0; j < columns; j++) {
      sums[j] = 0f;
    }
    float max = AttentionTile.LOWEST;
    float total = 0f;
    for (int four = begin; four < end; four += GROUP) {
      context.localBarrier();
      int mine = four + item;
      int width = mine < end ? headDim : 0;
      float dot = 0f;
      for (int c = 0; c < width; c++) {
        dot = dot + query[c] * keyCache.get(mine * kvHeads * headDim + kvHead * headDim + c);
      }
      scores[item] = mine < end ? dot * scale : AttentionTile.LOWEST;
      int last = four + GROUP;
      last = last > end ? end : last;
      for (int tile = four; tile < last; tile += AttentionTile.KEYS) {
        context.localBarrier();
        float next = max;
        for (int key = 0; key < AttentionTile.KEYS; key++) {
          next = TornadoMath.max(next, scores[tile - four + key]);
        }
        float decay = TornadoMath.exp(max - next);
        max = next;
        if (item < AttentionTile.KEYS) {
          float weight = 0f;
          if (tile + item < end) {
            weight = TornadoMath.exp(scores[tile - four + item] - max);
          }
          weights[item] = weight;
        }
        context.localBarrier();
        total = total * decay;
        for (int j = 0; j < columns; j++) {
          sums[j] = sums[j] * decay;
        }
        int keys = end - tile;
        keys = keys > AttentionTile.KEYS ? AttentionTile.KEYS : keys;
        for (int key = 0; key < keys; key++) {
          float weight = weights[key];
          total = total + weight;
          for (int j = 0; j < columns; j++) {
            int c = item + j * GROUP;
            if (c < valueDim) {
              float value =
                  valueCache.get((tile + key) * kvHeads * valueDim + kvHead * valueDim + c);
              sums[j] = sums[j] + weight * value;
            }
          }
        }
      }
    }
    for (int j = 0; j < columns; j++) {
      int c = item + j * GROUP;
      if (c < valueDim) {
        o.set(row * heads * valueDim + head * valueDim + c, sums[j] / total);
      }
    }
  }
}
