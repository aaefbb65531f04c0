package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** o[s,h] = softmax(scale q[s,h] cache^T) cache[:,:latent] over rows begins[s] .. ends[s] - 1. */
public final class CachedLatentForward {
  private CachedLatentForward() {}

  /**
   * Work group (s, g) computes heads 8 g and following of row s by online softmax; see {@link
   * LatentTile}. Item i has the score of head i / KEYS with key i % KEYS of a tile, and of the
   * results of all heads every GROUP-th column: a cache row is read from memory once for its scores
   * and once as a value, whatever the number of heads.
   *
   * @param q F32 [rows, heads * (latentDim + ropeDim)], row-major
   * @param cache F32 [capacity, latentDim + ropeDim], row-major
   * @param begins I32 [rows]
   * @param ends I32 [rows]
   * @param o F32 [rows, heads * latentDim], row-major, written
   */
  public static void cachedLatentForward(
      KernelContext context,
      FloatArray q,
      FloatArray cache,
      IntArray begins,
      IntArray ends,
      FloatArray o,
      int heads,
      int latentDim,
      int ropeDim,
      float scale) {
    float[] queries = context.allocateFloatLocalArray(LatentTile.HEADS * LatentTile.STRIDE);
    float[] keys = context.allocateFloatLocalArray(LatentTile.KEYS * LatentTile.STRIDE);
    float[] scores = context.allocateFloatLocalArray(LatentTile.GROUP);
    float[] weights = context.allocateFloatLocalArray(LatentTile.GROUP);
    float[] decays = context.allocateFloatLocalArray(LatentTile.HEADS);
    int start = context.groupIdz; // 0: see GemmTile
    int item = context.localIdx;
    int key = item % LatentTile.KEYS;
    int mine = item / LatentTile.KEYS;
    int row = context.groupIdx;
    int firstHead = context.groupIdy * LatentTile.HEADS;
    int width = latentDim + ropeDim;
    int begin = begins.get(row);
    int end = ends.get(row);
    int columns = (latentDim + LatentTile.GROUP - 1) / LatentTile.GROUP;
    float[] sums = new float[LatentTile.HEADS * columns];
    for (int i = 0; i < LatentTile.HEADS * columns; i++) {
      sums[i] = 0f;
    }
    float max = AttentionTile.LOWEST;
    float total = 0f;
    for (int tile = begin; tile < end; tile += LatentTile.KEYS) {
      float dot = 0f;
      for (int inner = start; inner < width; inner += LatentTile.DEPTH) {
        int left = width - inner;
        context.localBarrier();
        for (int i = item; i < LatentTile.KEYS * LatentTile.DEPTH; i += LatentTile.GROUP) {
          int p = i % LatentTile.DEPTH;
          int r = i / LatentTile.DEPTH;
          float x = 0f;
          if (tile + r < end) {
            if (p < left) {
              x = cache.get((tile + r) * width + inner + p);
            }
          }
          keys[r * LatentTile.STRIDE + p] = x;
        }
        for (int i = item; i < LatentTile.HEADS * LatentTile.DEPTH; i += LatentTile.GROUP) {
          int p = i % LatentTile.DEPTH;
          int r = i / LatentTile.DEPTH;
          float x = 0f;
          if (firstHead + r < heads) {
            if (p < left) {
              x = q.get((row * heads + firstHead + r) * width + inner + p);
            }
          }
          queries[r * LatentTile.STRIDE + p] = x;
        }
        context.localBarrier();
        for (int p = 0; p < LatentTile.DEPTH; p++) {
          dot = dot + queries[mine * LatentTile.STRIDE + p] * keys[key * LatentTile.STRIDE + p];
        }
      }
      scores[item] = tile + key < end ? dot * scale : AttentionTile.LOWEST;
      context.localBarrier();
      float next = max;
      for (int i = 0; i < LatentTile.KEYS; i++) {
        next = TornadoMath.max(next, scores[mine * LatentTile.KEYS + i]);
      }
      float decay = TornadoMath.exp(max - next);
      max = next;
      float weight = 0f;
      if (tile + key < end) {
        weight = TornadoMath.exp(scores[item] - max);
      }
      weights[item] = weight;
      if (key == 0) {
        decays[mine] = decay;
      }
      context.localBarrier();
      total = total * decay;
      for (int i = 0; i < LatentTile.KEYS; i++) {
        total = total + weights[mine * LatentTile.KEYS + i];
      }
      for (int h = 0; h < LatentTile.HEADS; h++) {
        for (int j = 0; j < columns; j++) {
          sums[h * columns + j] = sums[h * columns + j] * decays[h];
        }
      }
      int seen = end - tile;
      seen = seen > LatentTile.KEYS ? LatentTile.KEYS : seen;
      for (int i = 0; i < seen; i++) {
        for (int j = 0; j < columns; j++) {
          int c = item + j * LatentTile.GROUP;
          float value = 0f;
          if (c < latentDim) {
            value = cache.get((tile + i) * width + c);
          }
          for (int h = 0; h < LatentTile.HEADS; h++) {
            sums[h * columns + j] =
                sums[h * columns + j] + weights[h * LatentTile.KEYS + i] * value;
          }
        }
      }
    }
    context.localBarrier();
    if (key == 0) {
      decays[mine] = total;
    }
    context.localBarrier();
    for (int h = 0; h < LatentTile.HEADS; h++) {
      for (int j = 0; j < columns; j++) {
        int c = item + j * LatentTile.GROUP;
        if (firstHead + h < heads) {
          if (c < latentDim) {
            o.set((row * heads + firstHead + h) * latentDim + c, sums[h * columns + j] / decays[h]);
          }
        }
      }
    }
  }
}
