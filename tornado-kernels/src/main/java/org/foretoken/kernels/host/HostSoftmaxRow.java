package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** The passes of a softmax over one row of {@code n} logits at an address. */
final class HostSoftmaxRow {
  private HostSoftmaxRow() {}

  /** The largest logit; NaN does not count. */
  static float max(long logits, int n) {
    FloatVector max = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      FloatVector x = load(logits + 4L * i);
      max = max.blend(x, x.compare(VectorOperators.GT, max));
    }
    float result = max.reduceLanes(VectorOperators.MAX);
    for (; i < n; i++) {
      float x = HostMath.getFloat(logits + 4L * i);
      result = x > result ? x : result;
    }
    return result;
  }

  /** Sum of e^(logit - max). */
  static float sumExp(long logits, int n, float max) {
    FloatVector sum = FloatVector.zero(F);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      sum = sum.add(HostMath.exp(load(logits + 4L * i).sub(max)));
    }
    float total = HostMath.sum(sum);
    return i < n ? total + sumExpLast(logits + 4L * i, n - i, max) : total;
  }

  private static float sumExpLast(long logits, int n, float max) {
    VectorMask<Float> m = HostMath.first(n);
    FloatVector e = HostMath.exp(load(logits, m).sub(max));
    return HostMath.sum(FloatVector.zero(F).blend(e, m));
  }

  /** Replaces each logit by e^(logit - max) and returns their sum, the bits of {@link #sumExp}. */
  static float replaceByExp(long logits, int n, float max) {
    FloatVector sum = FloatVector.zero(F);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      FloatVector e = HostMath.exp(load(logits + 4L * i).sub(max));
      store(e, logits + 4L * i);
      sum = sum.add(e);
    }
    float total = HostMath.sum(sum);
    return i < n ? total + replaceLast(logits + 4L * i, n - i, max) : total;
  }

  private static float replaceLast(long logits, int n, float max) {
    VectorMask<Float> m = HostMath.first(n);
    FloatVector e = HostMath.exp(load(logits, m).sub(max));
    store(e, logits, m);
    return HostMath.sum(FloatVector.zero(F).blend(e, m));
  }

  /** Multiplies the row by {@code factor}. */
  static void scale(long row, int n, float factor) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      store(load(row + 4L * i).mul(factor), row + 4L * i);
    }
    if (i < n) {
      VectorMask<Float> m = HostMath.first(n - i);
      store(load(row + 4L * i, m).mul(factor), row + 4L * i, m);
    }
  }

  /** Whether {@code target} is the first of the largest logits. */
  static boolean isArgmax(long logits, int target, float max) {
    if (HostMath.getFloat(logits + 4L * target) != max) {
      return false;
    }
    for (int i = 0; i < target; i++) {
      if (HostMath.getFloat(logits + 4L * i) == max) {
        return false;
      }
    }
    return true;
  }
}
