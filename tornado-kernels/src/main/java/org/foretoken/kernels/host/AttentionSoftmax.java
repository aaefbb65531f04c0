package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** The row passes of attention, over rows of a block of scores. */
final class AttentionSoftmax {
  private AttentionSoftmax() {}

  /** The largest of {@code old} and the scaled scores. */
  static float max(float[] scores, int at, int n, float scale, float old) {
    FloatVector max = FloatVector.broadcast(F, old);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      max = max.max(FloatVector.fromArray(F, scores, at + i).mul(scale));
    }
    if (i < n) {
      FloatVector x = FloatVector.fromArray(F, scores, at + i).mul(scale);
      max = max.max(FloatVector.broadcast(F, old).blend(x, HostMath.first(n - i)));
    }
    return max.reduceLanes(VectorOperators.MAX);
  }

  /** Replaces scores by e^(scale * score - max); sums = sums * decay + those, lane by lane. */
  static void exp(
      float[] scores, int at, int n, float scale, float max, float decay, float[] sums, int so) {
    FloatVector factor = FloatVector.broadcast(F, scale);
    FloatVector minus = FloatVector.broadcast(F, -max);
    FloatVector sum = FloatVector.fromArray(F, sums, so).mul(decay);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      FloatVector p = HostMath.exp(FloatVector.fromArray(F, scores, at + i).fma(factor, minus));
      p.intoArray(scores, at + i);
      sum = sum.add(p);
    }
    if (i < n) {
      FloatVector p = HostMath.exp(FloatVector.fromArray(F, scores, at + i).fma(factor, minus));
      p = FloatVector.zero(F).blend(p, HostMath.first(n - i));
      p.intoArray(scores, at + i);
      sum = sum.add(p);
    }
    sum.intoArray(sums, so);
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

  /** Writes {@code n} floats times {@code factor} to native memory. */
  static void write(float[] x, int at, float factor, MemorySegment s, long offset, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      HostMath.store(
          FloatVector.fromArray(F, x, at + i).mul(factor), s, offset + ((long) i << 2));
    }
    if (i < n) {
      VectorMask<Float> m = HostMath.first(n - i);
      HostMath.store(
          FloatVector.fromArray(F, x, at + i).mul(factor), s, offset + ((long) i << 2), m);
    }
  }

  /**
   * For the gradient: scores become probabilities p = e^(scale * score - lse), and dScores become
   * p * (dScores - delta) * scale; both 0 from {@code n} up to {@code width}.
   */
  static void gradient(
      float[] scores,
      float[] dScores,
      int at,
      int n,
      int width,
      float scale,
      float lse,
      float delta) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      FloatVector p = probability(scores, at + i, scale, lse);
      p.intoArray(scores, at + i);
      dScore(dScores, at + i, p, scale, delta).intoArray(dScores, at + i);
    }
    if (i < n) {
      VectorMask<Float> m = HostMath.first(n - i);
      FloatVector p = probability(scores, at + i, scale, lse);
      FloatVector zero = FloatVector.zero(F);
      zero.blend(p, m).intoArray(scores, at + i);
      zero.blend(dScore(dScores, at + i, p, scale, delta), m).intoArray(dScores, at + i);
      i += LANES;
    }
    for (; i < width; i += LANES) {
      FloatVector.zero(F).intoArray(scores, at + i);
      FloatVector.zero(F).intoArray(dScores, at + i);
    }
  }

  private static FloatVector probability(float[] scores, int at, float scale, float lse) {
    FloatVector factor = FloatVector.broadcast(F, scale);
    return HostMath.exp(
        FloatVector.fromArray(F, scores, at).fma(factor, FloatVector.broadcast(F, -lse)));
  }

  private static FloatVector dScore(
      float[] dScores, int at, FloatVector p, float scale, float delta) {
    return FloatVector.fromArray(F, dScores, at).sub(delta).mul(p).mul(scale);
  }

  /** Dot product of {@code n} floats at two places of native memory. */
  static float dot(MemorySegment a, MemorySegment b, long at, int n) {
    FloatVector sum = FloatVector.zero(F);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = at + ((long) i << 2);
      sum = HostMath.load(a, o).fma(HostMath.load(b, o), sum);
    }
    if (i < n) {
      long o = at + ((long) i << 2);
      VectorMask<Float> m = HostMath.first(n - i);
      sum = HostMath.load(a, o, m).fma(HostMath.load(b, o, m), sum);
    }
    return HostMath.sum(sum);
  }
}
