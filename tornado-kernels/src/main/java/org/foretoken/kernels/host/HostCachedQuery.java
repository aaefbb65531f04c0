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
 * Attention of single queries to cached keys and values, as decoding has it: keys from {@link
 * HostKeyPanels}, values from the cache itself, nothing packed. Two queries go at a time, of any
 * rows and heads.
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
   * Takes a query of one head; it is computed together with the next one, or by {@link #finish}.
   *
   * @param at index of the query among all rows' heads
   * @param kv its key/value head
   * @param begin first key, at the start of a panel
   * @param count keys that it sees
   */
  void add(AttentionScratch s, long at, int kv, int begin, int count) {
    s.pairAt[s.pairs] = at;
    s.pairKv[s.pairs] = kv;
    s.pairBegin[s.pairs] = begin;
    s.limits[s.pairs] = count;
    if (++s.pairs == 2) {
      run(s);
    }
  }

  /** Computes what {@link #add} has left waiting. */
  void finish(AttentionScratch s) {
    if (s.pairs > 0) {
      run(s);
    }
  }

  private void run(AttentionScratch s) {
    int width = AttentionScratch.stride(shape.valueDim());
    int n = s.pairs;
    Arrays.fill(s.valueSums, 0, n * width, 0f);
    Arrays.fill(s.sums, 0, n * LANES, 0f);
    Arrays.fill(s.maxima, 0, n, Float.NEGATIVE_INFINITY);
    int longest = Math.max(s.limits[0], n == 2 ? s.limits[1] : 0);
    for (s.key = 0; s.key < longest; s.key += BLOCK) {
      for (int i = 0; i < n; i++) {
        int seen = seen(s, i);
        if (seen > 0) {
          long query = q + 4 * s.pairAt[i] * shape.headDim();
          scores(s, query, panels.panel(s.pairKv[i], s.pairBegin[i] + s.key), seen, i * BLOCK);
          softmax(s, i, seen);
        }
      }
      int shared = n == 2 ? Math.max(0, Math.min(seen(s, 0), seen(s, 1))) : 0;
      if (shared > 0) {
        sharedValues(s, shared, width);
      }
      for (int i = 0; i < n; i++) {
        int seen = seen(s, i);
        if (seen > shared) {
          values(s, i, shared, seen, width);
        }
      }
    }
    int d = shape.valueDim();
    for (int i = 0; i < n; i++) {
      float sum = AttentionSoftmax.total(s.sums, i * LANES);
      float inverse = sum == 0f ? 0f : 1f / sum;
      AttentionSoftmax.write(s.valueSums, i * width, inverse, o + 4 * s.pairAt[i] * d, d);
    }
    s.pairs = 0;
  }

  /** Keys of the block at hand that query {@code i} sees; 0 or less if none. */
  private static int seen(AttentionScratch s, int i) {
    return Math.min(BLOCK, s.limits[i] - s.key);
  }

  private void scores(AttentionScratch s, long query, long keys, int seen, int to) {
    int d = shape.headDim();
    long panel = 4L * PANEL * d;
    int c = 0;
    for (; c + PANEL < seen; c += 2 * PANEL, keys += 2 * panel) {
      twoPanels(query, keys, keys + panel, d, s.scores, to + c);
    }
    if (c < seen) {
      onePanel(query, keys, d, s.scores, to + c);
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

  private void softmax(AttentionScratch s, int i, int seen) {
    int at = i * BLOCK;
    float factor = shape.factor();
    float old = s.maxima[i];
    AttentionSoftmax.end(s.scores, at, seen);
    float max = Math.max(old, AttentionSoftmax.max(s.scores, at, seen) * factor);
    float decay = HostMath.exp2(old - max);
    AttentionSoftmax.exp(s.scores, at, seen, factor, max, decay, s.sums, i * LANES);
    s.maxima[i] = max;
    if (decay != 1f) {
      int width = AttentionScratch.stride(shape.valueDim());
      AttentionSoftmax.scale(s.valueSums, i * width, width, decay);
    }
  }

  private long value(AttentionScratch s, int i) {
    long row = (long) s.pairBegin[i] + s.key;
    return v + 4L * shape.valueStride() * (row * shape.kvHeads() + s.pairKv[i]);
  }

  /** The first {@code keys} values of both queries: four sums in flight instead of two. */
  private void sharedValues(AttentionScratch s, int keys, int width) {
    long next = 4L * shape.kvHeads() * shape.valueStride();
    long a = value(s, 0);
    long b = value(s, 1);
    int d = shape.valueDim();
    int c = 0;
    for (; c + 2 * LANES <= d; c += 2 * LANES) {
      pairs(s.scores, a + 4L * c, b + 4L * c, next, keys, s.valueSums, c, width + c);
    }
    for (; c < d; c += LANES) {
      int n = Math.min(LANES, d - c);
      oneVector(s.scores, 0, a + 4L * c, next, keys, s.valueSums, c, n);
      oneVector(s.scores, BLOCK, b + 4L * c, next, keys, s.valueSums, width + c, n);
    }
  }

  /** Values {@code from} to {@code to} of query {@code i}. */
  private void values(AttentionScratch s, int i, int from, int to, int width) {
    long next = 4L * shape.kvHeads() * shape.valueStride();
    long first = value(s, i) + from * next;
    int p = i * BLOCK + from;
    int d = shape.valueDim();
    int c = 0;
    for (; c + 2 * LANES <= d; c += 2 * LANES) {
      twoVectors(s.scores, p, first + 4L * c, next, to - from, s.valueSums, i * width + c);
    }
    for (; c < d; c += LANES) {
      int n = Math.min(LANES, d - c);
      oneVector(s.scores, p, first + 4L * c, next, to - from, s.valueSums, i * width + c, n);
    }
  }

  private static void pairs(
      float[] p, long a, long b, long next, int keys, float[] sums, int toA, int toB) {
    FloatVector a0 = FloatVector.fromArray(F, sums, toA);
    FloatVector a1 = FloatVector.fromArray(F, sums, toA + LANES);
    FloatVector b0 = FloatVector.fromArray(F, sums, toB);
    FloatVector b1 = FloatVector.fromArray(F, sums, toB + LANES);
    for (int k = 0; k < keys; k++) {
      FloatVector x = FloatVector.broadcast(F, p[k]);
      a0 = x.fma(load(a + k * next), a0);
      a1 = x.fma(load(a + k * next + 4L * LANES), a1);
      FloatVector y = FloatVector.broadcast(F, p[BLOCK + k]);
      b0 = y.fma(load(b + k * next), b0);
      b1 = y.fma(load(b + k * next + 4L * LANES), b1);
    }
    a0.intoArray(sums, toA);
    a1.intoArray(sums, toA + LANES);
    b0.intoArray(sums, toB);
    b1.intoArray(sums, toB + LANES);
  }

  private static void twoVectors(
      float[] p, int po, long v, long next, int keys, float[] sums, int to) {
    FloatVector c0 = FloatVector.fromArray(F, sums, to);
    FloatVector c1 = FloatVector.fromArray(F, sums, to + LANES);
    for (int k = 0; k < keys; k++) {
      FloatVector x = FloatVector.broadcast(F, p[po + k]);
      c0 = x.fma(load(v + k * next), c0);
      c1 = x.fma(load(v + k * next + 4L * LANES), c1);
    }
    c0.intoArray(sums, to);
    c1.intoArray(sums, to + LANES);
  }

  private static void oneVector(
      float[] p, int po, long v, long next, int keys, float[] sums, int to, int width) {
    FloatVector c0 = FloatVector.fromArray(F, sums, to);
    VectorMask<Float> m = HostMath.first(width);
    for (int k = 0; k < keys; k++) {
      FloatVector x = FloatVector.broadcast(F, p[po + k]);
      c0 = x.fma(load(v + k * next, m), c0);
    }
    c0.intoArray(sums, to);
  }
}
