package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.AttentionTiles.BLOCK;
import static org.foretoken.kernels.host.AttentionTiles.PANEL;
import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Attention of one query to cached keys and values, as decoding has it: keys from {@link
 * HostKeyPanels}, values from the cache itself, nothing packed.
 *
 * <p>Every score, sum and output is the same chain of operations as in {@link HostAttention}'s
 * tiles, and has the same bits.
 */
final class HostCachedQuery {
  private final AttentionShape shape;
  private final HostKeyPanels panels;
  private final long q; // [rows, heads * headDim]
  private final long v; // [keys, kvHeads * valueStride]
  private final long o; // [rows, heads * valueDim]

  HostCachedQuery(AttentionShape shape, HostKeyPanels panels, long q, long v, long o) {
    this.shape = shape;
    this.panels = panels;
    this.q = q;
    this.v = v;
    this.o = o;
  }

  /**
   * Computes one query of one head.
   *
   * @param at index of the query among all rows' heads
   * @param kv its key/value head
   * @param begin first key, at the start of a panel
   * @param count keys that it sees
   */
  void run(AttentionScratch s, long at, int kv, int begin, int count) {
    int width = AttentionScratch.stride(shape.valueDim());
    Arrays.fill(s.valueSums, 0, width, 0f);
    Arrays.fill(s.sums, 0, LANES, 0f);
    s.maxima[0] = Float.NEGATIVE_INFINITY;
    for (int key = 0; key < count; key += BLOCK) {
      int seen = Math.min(BLOCK, count - key);
      scores(s, q + 4 * at * shape.headDim(), panels.panel(kv, begin + key), seen);
      softmax(s, seen);
      values(s, kv, begin + key, seen);
    }
    float sum = AttentionSoftmax.total(s.sums, 0);
    float inverse = sum == 0f ? 0f : 1f / sum;
    int d = shape.valueDim();
    AttentionSoftmax.write(s.valueSums, 0, inverse, o + 4 * at * d, d);
  }

  private void scores(AttentionScratch s, long query, long keys, int seen) {
    int d = shape.headDim();
    long panel = 4L * PANEL * d;
    int c = 0;
    for (; c + PANEL < seen; c += 2 * PANEL, keys += 2 * panel) {
      twoPanels(query, keys, keys + panel, d, s.scores, c);
    }
    if (c < seen) {
      onePanel(query, keys, d, s.scores, c);
    }
  }

  private static void twoPanels(long q, long a, long b, int d, float[] scores, int to) {
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    FloatVector c2 = FloatVector.zero(F);
    FloatVector c3 = FloatVector.zero(F);
    for (int c = 0; c < d; c++) {
      FloatVector x = FloatVector.broadcast(F, HostMath.getFloat(q + 4L * c));
      long row = 4L * PANEL * c;
      c0 = x.fma(load(a + row), c0);
      c1 = x.fma(load(a + row + 4L * LANES), c1);
      c2 = x.fma(load(b + row), c2);
      c3 = x.fma(load(b + row + 4L * LANES), c3);
    }
    c0.intoArray(scores, to);
    c1.intoArray(scores, to + LANES);
    c2.intoArray(scores, to + PANEL);
    c3.intoArray(scores, to + PANEL + LANES);
  }

  private static void onePanel(long q, long a, int d, float[] scores, int to) {
    FloatVector c0 = FloatVector.zero(F);
    FloatVector c1 = FloatVector.zero(F);
    for (int c = 0; c < d; c++) {
      FloatVector x = FloatVector.broadcast(F, HostMath.getFloat(q + 4L * c));
      long row = 4L * PANEL * c;
      c0 = x.fma(load(a + row), c0);
      c1 = x.fma(load(a + row + 4L * LANES), c1);
    }
    c0.intoArray(scores, to);
    c1.intoArray(scores, to + LANES);
  }

  private void softmax(AttentionScratch s, int seen) {
    float factor = shape.factor();
    float old = s.maxima[0];
    AttentionSoftmax.end(s.scores, 0, seen);
    float max = Math.max(old, AttentionSoftmax.max(s.scores, 0, seen) * factor);
    float decay = HostMath.exp2(old - max);
    AttentionSoftmax.exp(s.scores, 0, seen, factor, max, decay, s.sums, 0);
    s.maxima[0] = max;
    if (decay != 1f) {
      int width = AttentionScratch.stride(shape.valueDim());
      AttentionSoftmax.scale(s.valueSums, 0, width, decay);
    }
  }

  private void values(AttentionScratch s, int kv, int row, int seen) {
    long next = 4L * shape.kvHeads() * shape.valueStride();
    long first = v + row * next + 4L * kv * shape.valueStride();
    int d = shape.valueDim();
    int c = 0;
    for (; c + 2 * LANES <= d; c += 2 * LANES) {
      twoVectors(s.scores, first + 4L * c, next, seen, s.valueSums, c);
    }
    for (; c < d; c += LANES) {
      oneVector(s.scores, first + 4L * c, next, seen, s.valueSums, c, Math.min(LANES, d - c));
    }
  }

  private static void twoVectors(
      float[] p, long v, long next, int keys, float[] sums, int to) {
    FloatVector c0 = FloatVector.fromArray(F, sums, to);
    FloatVector c1 = FloatVector.fromArray(F, sums, to + LANES);
    for (int k = 0; k < keys; k++) {
      FloatVector x = FloatVector.broadcast(F, p[k]);
      c0 = x.fma(load(v + k * next), c0);
      c1 = x.fma(load(v + k * next + 4L * LANES), c1);
    }
    c0.intoArray(sums, to);
    c1.intoArray(sums, to + LANES);
  }

  private static void oneVector(
      float[] p, long v, long next, int keys, float[] sums, int to, int width) {
    FloatVector c0 = FloatVector.fromArray(F, sums, to);
    VectorMask<Float> m = HostMath.first(width);
    for (int k = 0; k < keys; k++) {
      FloatVector x = FloatVector.broadcast(F, p[k]);
      c0 = x.fma(load(v + k * next, m), c0);
    }
    c0.intoArray(sums, to);
  }
}
