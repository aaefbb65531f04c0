package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.AdamW;

/**
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; param -= rate * (m / c1 / (sqrt(v /
 * c2) + epsilon) + decay * param), with g the clipped gradient and c = 1 - beta^t.
 *
 * <p>A BF16 moment is widened when read and rounded to nearest even when stored; the update uses
 * the value before rounding.
 */
final class HostAdamW implements Runnable {
  private final AdamW op;
  private final MemorySegment grad;
  private final MemorySegment hyper;
  private final MemorySegment sumSquares;
  private final MemorySegment param;
  private final MemorySegment m;
  private final MemorySegment v;
  private final boolean mBf16;
  private final boolean vBf16;
  private final Runnable loop;

  // Factors of this step.
  private float clip;
  private float beta1;
  private float beta2;
  private float rate; // learning rate / c1
  private float rootC2; // 1 / sqrt(c2)
  private float epsilon;
  private float keep; // 1 - learning rate * weight decay

  HostAdamW(AdamW op, HostOperands operands, HostPool pool) {
    this.op = op;
    grad = operands.read(0);
    hyper = operands.read(1);
    sumSquares = operands.read(2);
    param = operands.write(0);
    m = operands.write(1);
    v = operands.write(2);
    mBf16 = operands.out(1).dtype() == DType.BF16;
    vBf16 = operands.out(2).dtype() == DType.BF16;
    loop = HostElementwise.chunked(pool, operands.in(0).shape().elements(), this::elements);
  }

  @Override
  public void run() {
    float learningRate = hyper(0);
    beta1 = hyper(1);
    beta2 = hyper(2);
    epsilon = hyper(3);
    keep = op.decay() ? 1f - learningRate * hyper(4) : 1f;
    rate = learningRate / hyper(5);
    rootC2 = (float) (1 / Math.sqrt(hyper(6)));
    float largest = hyper(7);
    double norm = Math.sqrt(sumSquares.get(ValueLayout.JAVA_FLOAT, 0));
    clip = largest == 0f ? 1f : (float) Math.min(1.0, largest / norm);
    loop.run();
  }

  private float hyper(int i) {
    return hyper.getAtIndex(ValueLayout.JAVA_FLOAT, i);
  }

  private void elements(long from, int n) {
    int whole = F.loopBound(n);
    for (int i = 0; i < whole; i += LANES) {
      step(from + i);
    }
    if (whole < n) {
      tail(from + whole, HostMath.first(n - whole));
    }
  }

  private void step(long i) {
    FloatVector g = load(grad, i << 2).mul(clip);
    FloatVector newM = moment(mBf16 ? HostBf16.load(m, i << 1) : load(m, i << 2), beta1, g);
    FloatVector newV = moment(vBf16 ? HostBf16.load(v, i << 1) : load(v, i << 2), beta2, g.mul(g));
    store(update(load(param, i << 2), newM, newV), param, i << 2);
    if (mBf16) {
      HostBf16.store(newM, m, i << 1);
    } else {
      store(newM, m, i << 2);
    }
    if (vBf16) {
      HostBf16.store(newV, v, i << 1);
    } else {
      store(newV, v, i << 2);
    }
  }

  private void tail(long i, VectorMask<Float> mask) {
    FloatVector g = load(grad, i << 2, mask).mul(clip);
    FloatVector oldM = mBf16 ? HostBf16.load(m, i << 1, mask) : load(m, i << 2, mask);
    FloatVector oldV = vBf16 ? HostBf16.load(v, i << 1, mask) : load(v, i << 2, mask);
    FloatVector newM = moment(oldM, beta1, g);
    FloatVector newV = moment(oldV, beta2, g.mul(g));
    store(update(load(param, i << 2, mask), newM, newV), param, i << 2, mask);
    if (mBf16) {
      HostBf16.store(newM, m, i << 1, mask);
    } else {
      store(newM, m, i << 2, mask);
    }
    if (vBf16) {
      HostBf16.store(newV, v, i << 1, mask);
    } else {
      store(newV, v, i << 2, mask);
    }
  }

  private static FloatVector moment(FloatVector old, float beta, FloatVector x) {
    return old.mul(beta).add(x.mul(1f - beta));
  }

  private FloatVector update(FloatVector p, FloatVector newM, FloatVector newV) {
    FloatVector denominator = newV.sqrt().mul(rootC2).add(epsilon);
    return p.mul(keep).sub(newM.mul(rate).div(denominator));
  }
}
