package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** SwiGLU, y = gate * sigmoid(gate) * up, and its gradient. */
final class HostSwiGlu {
  private HostSwiGlu() {}

  /** Binds the forward operation. */
  static Runnable forward(HostOperands x, HostPool pool) {
    MemorySegment gate = x.read(0);
    MemorySegment up = x.read(1);
    MemorySegment y = x.write(0);
    return HostElementwise.chunked(
        pool,
        x.out(0).shape().elements(),
        (from, count) -> forward(gate, up, y, from << 2, count));
  }

  private static void forward(
      MemorySegment gate, MemorySegment up, MemorySegment y, long at, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      long o = at + ((long) i << 2);
      store(swiGlu(load(gate, o), load(up, o)), y, o);
    }
    if (i < n) {
      long o = at + ((long) i << 2);
      VectorMask<Float> m = HostMath.first(n - i);
      store(swiGlu(load(gate, o, m), load(up, o, m)), y, o, m);
    }
  }

  private static FloatVector swiGlu(FloatVector gate, FloatVector up) {
    return gate.mul(HostMath.sigmoid(gate)).mul(up);
  }

  /** Binds the gradient. */
  static Runnable backward(HostOperands x, HostPool pool) {
    Gradient g = new Gradient(x.read(0), x.read(1), x.read(2), x.write(0), x.write(1));
    return HostElementwise.chunked(
        pool, x.in(0).shape().elements(), (from, count) -> g.run(from << 2, count));
  }

  private record Gradient(
      MemorySegment gate, MemorySegment up, MemorySegment dy, MemorySegment dGate, MemorySegment dUp) {
    void run(long at, int n) {
      int i = 0;
      for (; i < F.loopBound(n); i += LANES) {
        long o = at + ((long) i << 2);
        FloatVector g = load(gate, o);
        FloatVector s = HostMath.sigmoid(g);
        FloatVector d = load(dy, o);
        FloatVector u = load(up, o);
        store(gateGradient(g, u, d, s), dGate, o);
        store(d.mul(g.mul(s)), dUp, o);
      }
      if (i < n) {
        long o = at + ((long) i << 2);
        VectorMask<Float> m = HostMath.first(n - i);
        FloatVector g = load(gate, o, m);
        FloatVector s = HostMath.sigmoid(g);
        FloatVector d = load(dy, o, m);
        FloatVector u = load(up, o, m);
        store(gateGradient(g, u, d, s), dGate, o, m);
        store(d.mul(g.mul(s)), dUp, o, m);
      }
    }
  }

  /** dy * up * s * (1 + gate * (1 - s)), s = sigmoid(gate). */
  private static FloatVector gateGradient(
      FloatVector gate, FloatVector up, FloatVector dy, FloatVector s) {
    FloatVector one = FloatVector.broadcast(F, 1f);
    return dy.mul(up).mul(s).mul(gate.fma(one.sub(s), one));
  }
}
