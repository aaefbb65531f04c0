package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The row passes of attention, over rows of a block of scores. Exponents are kept in base 2: with c
 * = scale * log2(e), a probability is 2^(c * score - c * maximum).
 *
 * <p>A row is first ended by {@link #end}; the passes then go over whole vectors.
 */
final class AttentionSoftmax {
  private static final float NONE = Float.NEGATIVE_INFINITY;

  private AttentionSoftmax() {}

  /** Makes the scores after the first {@code n} minus infinity, up to a whole vector. */
  static void end(float[] scores, int at, int n) {
    int whole = F.loopBound(n);
    if (whole < n) {
      FloatVector last = FloatVector.fromArray(F, scores, at + whole);
      FloatVector.broadcast(F, NONE)
          .blend(last, HostMath.first(n - whole))
          .intoArray(scores, at + whole);
    }
  }

  /** The largest of {@code n} scores; NaN does not count. */
  static float max(float[] scores, int at, int n) {
    FloatVector max = FloatVector.broadcast(F, NONE);
    for (int i = 0; i < n; i += LANES) {
      FloatVector x = FloatVector.fromArray(F, scores, at + i);
      max = max.blend(x, x.compare(VectorOperators.GT, max));
    }
    return max.reduceLanes(VectorOperators.MAX);
  }

  /** Replaces scores by 2^(c * score - max); sums = sums * decay + those, lane by lane. */
  static void exp(
      float[] scores, int at, int n, float c, float max, float decay, float[] sums, int so) {
    FloatVector sum = FloatVector.fromArray(F, sums, so).mul(decay);
    for (int i = 0; i < n; i += LANES) {
      FloatVector p = probability(scores, at + i, c, max);
      p.intoArray(scores, at + i);
      sum = sum.add(p);
    }
    sum.intoArray(sums, so);
  }

  private static FloatVector probability(float[] scores, int at, float c, float minus) {
    FloatVector factor = FloatVector.broadcast(F, c);
    FloatVector term = FloatVector.broadcast(F, -minus);
    return HostMath.exp2(FloatVector.fromArray(F, scores, at).fma(factor, term));
  }

  /**
   * For the gradient: scores become probabilities p = 2^(c * score - lse), and dScores become p *
   * (dScores - delta).
   *
   * @param lse log of the softmax's denominator, base 2
   */
  static void gradient(
      float[] scores, float[] dScores, int at, int n, float c, float lse, float delta) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector p = probability(scores, at + i, c, lse);
      p.intoArray(scores, at + i);
      FloatVector d = FloatVector.fromArray(F, dScores, at + i).sub(delta);
      d.mul(p).intoArray(dScores, at + i);
    }
  }

  /** Zeros from {@code n}, rounded up to whole vectors, up to {@code width}. */
  static void clear(float[] x, int at, int n, int width) {
    for (int i = F.loopBound(n + LANES - 1); i < width; i += LANES) {
      FloatVector.zero(F).intoArray(x, at + i);
    }
  }

  /** Multiplies {@code n} floats, a multiple of the lanes. */
  static void scale(float[] x, int at, int n, float factor) {
    for (int i = 0; i < n; i += LANES) {
      FloatVector.fromArray(F, x, at + i).mul(factor).intoArray(x, at + i);
    }
  }

  /** The sum of one vector's lanes. */
  static float total(float[] sums, int at) {
    return HostMath.sum(FloatVector.fromArray(F, sums, at));
  }

  /** Writes {@code n} floats times {@code factor} to an address. */
  static void write(float[] x, int at, float factor, long to, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      HostMath.store(FloatVector.fromArray(F, x, at + i).mul(factor), to + 4L * i);
    }
    if (i < n) {
      FloatVector last = FloatVector.fromArray(F, x, at + i).mul(factor);
      HostMath.store(last, to + 4L * i, HostMath.first(n - i));
    }
  }

  /** Dot product of {@code n} floats at two addresses. */
  static float dot(long a, long b, int n) {
    FloatVector sum = FloatVector.zero(F);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      sum = HostMath.load(a + 4L * i).fma(HostMath.load(b + 4L * i), sum);
    }
    float total = HostMath.sum(sum);
    return i < n ? total + dotLast(a + 4L * i, b + 4L * i, HostMath.first(n - i)) : total;
  }

  private static float dotLast(long a, long b, VectorMask<Float> m) {
    return HostMath.sum(HostMath.load(a, m).mul(HostMath.load(b, m)));
  }
}
