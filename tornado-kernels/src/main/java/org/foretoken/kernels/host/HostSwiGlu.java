package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * SwiGLU, y = gate * sigmoid(gate) * up, and its gradient.
 *
 * <p>Here and elsewhere the last, partial vector has a method of its own: C2 stops inlining in a
 * method with too many operations, and then boxes vectors.
 */
final class HostSwiGlu {
  private HostSwiGlu() {}

  /** Binds the forward operation. */
  static Runnable forward(HostOperands x, HostPool pool) {
    long gate = x.readAddress(0);
    long up = x.readAddress(1);
    long y = x.writeAddress(0);
    return HostElementwise.chunked(
        pool,
        x.out(0).shape().elements(),
        (from, count) -> forward(gate + 4 * from, up + 4 * from, y + 4 * from, count));
  }

  private static void forward(long gate, long up, long y, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = 4L * i;
      store(swiGlu(load(gate + o), load(up + o)), y + o);
    }
    if (i < n) {
      forwardLast(gate + 4L * i, up + 4L * i, y + 4L * i, HostMath.first(n - i));
    }
  }

  private static void forwardLast(long gate, long up, long y, VectorMask<Float> m) {
    store(swiGlu(load(gate, m), load(up, m)), y, m);
  }

  private static FloatVector swiGlu(FloatVector gate, FloatVector up) {
    return gate.mul(HostMath.sigmoid(gate)).mul(up);
  }

  /** Binds the gradient. */
  static Runnable backward(HostOperands x, HostPool pool) {
    Gradient g =
        new Gradient(
            x.readAddress(0),
            x.readAddress(1),
            x.readAddress(2),
            x.writeAddress(0),
            x.writeAddress(1));
    return HostElementwise.chunked(
        pool, x.in(0).shape().elements(), (from, count) -> g.run(4 * from, count));
  }

  private record Gradient(long gate, long up, long dy, long dGate, long dUp) {
    void run(long at, int n) {
      int i = 0;
      for (; i < F.loopBound(n); i += LANES) {
        long o = at + 4L * i;
        FloatVector g = load(gate + o);
        FloatVector s = HostMath.sigmoid(g);
        FloatVector d = load(dy + o);
        FloatVector u = load(up + o);
        store(gateGradient(g, u, d, s), dGate + o);
        store(d.mul(g.mul(s)), dUp + o);
      }
      if (i < n) {
        last(at + 4L * i, HostMath.first(n - i));
      }
    }

    private void last(long o, VectorMask<Float> m) {
      FloatVector g = load(gate + o, m);
      FloatVector s = HostMath.sigmoid(g);
      FloatVector d = load(dy + o, m);
      FloatVector u = load(up + o, m);
      store(gateGradient(g, u, d, s), dGate + o, m);
      store(d.mul(g.mul(s)), dUp + o, m);
    }
  }

  /** dy * up * s * (1 + gate * (1 - s)), s = sigmoid(gate). */
  private static FloatVector gateGradient(
      FloatVector gate, FloatVector up, FloatVector dy, FloatVector s) {
    FloatVector one = FloatVector.broadcast(F, 1f);
    return dy.mul(up).mul(s).mul(gate.fma(one.sub(s), one));
  }
}
