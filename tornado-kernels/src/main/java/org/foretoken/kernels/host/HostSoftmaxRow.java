package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** The passes of a softmax over one row of logits; {@code at} is the row's first byte. */
final class HostSoftmaxRow {
  private HostSoftmaxRow() {}

  /** The largest logit. */
  static float max(MemorySegment logits, long at, int n) {
    FloatVector max = FloatVector.broadcast(F, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      max = max.max(load(logits, at + ((long) i << 2)));
    }
    float result = max.reduceLanes(VectorOperators.MAX);
    for (; i < n; i++) {
      result = Math.max(result, logits.get(ValueLayout.JAVA_FLOAT, at + ((long) i << 2)));
    }
    return result;
  }

  /** Sum of e^(logit - max). */
  static float sumExp(MemorySegment logits, long at, int n, float max) {
    FloatVector sum = FloatVector.zero(F);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      sum = sum.add(HostMath.exp(load(logits, at + ((long) i << 2)).sub(max)));
    }
    if (i < n) {
      VectorMask<Float> m = HostMath.first(n - i);
      FloatVector e = HostMath.exp(load(logits, at + ((long) i << 2), m).sub(max));
      sum = sum.add(FloatVector.zero(F).blend(e, m));
    }
    return HostMath.sum(sum);
  }

  /** Replaces each logit by e^(logit - max) and returns their sum, the bits of {@link #sumExp}. */
  static float replaceByExp(MemorySegment logits, long at, int n, float max) {
    FloatVector sum = FloatVector.zero(F);
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = at + ((long) i << 2);
      FloatVector e = HostMath.exp(load(logits, o).sub(max));
      store(e, logits, o);
      sum = sum.add(e);
    }
    if (i < n) {
      long o = at + ((long) i << 2);
      VectorMask<Float> m = HostMath.first(n - i);
      FloatVector e = HostMath.exp(load(logits, o, m).sub(max));
      store(e, logits, o, m);
      sum = sum.add(FloatVector.zero(F).blend(e, m));
    }
    return HostMath.sum(sum);
  }

  /** Multiplies the row by {@code factor}. */
  static void scale(MemorySegment row, long at, int n, float factor) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = at + ((long) i << 2);
      store(load(row, o).mul(factor), row, o);
    }
    if (i < n) {
      long o = at + ((long) i << 2);
      VectorMask<Float> m = HostMath.first(n - i);
      store(load(row, o, m).mul(factor), row, o, m);
    }
  }

  /** Whether {@code target} is the first of the largest logits. */
  static boolean isArgmax(MemorySegment logits, long at, int target, float max) {
    if (logits.get(ValueLayout.JAVA_FLOAT, at + ((long) target << 2)) != max) {
      return false;
    }
    for (int i = 0; i < target; i++) {
      if (logits.get(ValueLayout.JAVA_FLOAT, at + ((long) i << 2)) == max) {
        return false;
      }
    }
    return true;
  }
}
