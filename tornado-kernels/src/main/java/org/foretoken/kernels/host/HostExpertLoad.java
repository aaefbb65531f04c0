package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.getFloat;
import static org.foretoken.kernels.host.HostMath.setFloat;

import org.foretoken.kernels.op.ExpertBias;

/** Loads of experts, and the bias that goes by them. */
final class HostExpertLoad {
  private HostExpertLoad() {}

  /** load[i] += rows of expert i. */
  static Runnable load(HostOperands x) {
    long load = x.writeAddress(0);
    HostSegments segments = new HostSegments(x, 0, 0);
    return () -> {
      for (int e = 0; e < segments.experts(); e++) {
        setFloat(load + 4L * e, getFloat(load + 4L * e) + segments.rows(e));
      }
    };
  }

  /** bias[i] +-= speed, towards the mean load. */
  static Runnable bias(ExpertBias op, HostOperands x) {
    long load = x.readAddress(0);
    long bias = x.writeAddress(0);
    int experts = x.in(0).rows();
    return () -> {
      float sum = 0;
      for (int e = 0; e < experts; e++) {
        sum += getFloat(load + 4L * e);
      }
      float mean = sum / experts;
      for (int e = 0; e < experts; e++) {
        float v = getFloat(load + 4L * e);
        float step = v < mean ? op.speed() : v > mean ? -op.speed() : 0f;
        setFloat(bias + 4L * e, getFloat(bias + 4L * e) + step);
      }
    };
  }
}
