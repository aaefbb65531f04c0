package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.GraphException;
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
  private final long grad;
  private final long hyper;
  private final long sumSquares;
  private final long param;
  private final long m;
  private final long v;
  private final boolean bf16; // moments
  private final Runnable loop;

  // Factors of this step.
  private float clip;
  private float beta1;
  private float beta2;
  private float minusRate; // - learning rate / c1
  private float rootC2; // 1 / sqrt(c2)
  private float epsilon;
  private float keep; // 1 - learning rate * weight decay

  HostAdamW(AdamW op, HostOperands operands, HostPool pool) {
    this.op = op;
    grad = operands.readAddress(0);
    hyper = operands.readAddress(1);
    sumSquares = operands.readAddress(2);
    param = operands.writeAddress(0);
    m = operands.writeAddress(1);
    v = operands.writeAddress(2);
    bf16 = operands.out(1).dtype() == DType.BF16;
    if (bf16 != (operands.out(2).dtype() == DType.BF16)) {
      throw new GraphException(
          operands.where()
              + ": expected both moments in one type, found "
              + operands.out(1)
              + " and "
              + operands.out(2));
    }
    loop = HostElementwise.chunked(pool, operands.in(0).shape().elements(), this::elements);
  }

  @Override
  public void run() {
    float learningRate = hyper(0);
    beta1 = hyper(1);
    beta2 = hyper(2);
    epsilon = hyper(3);
    keep = op.decay() ? 1f - learningRate * hyper(4) : 1f;
    minusRate = -learningRate / hyper(5);
    rootC2 = (float) (1 / Math.sqrt(hyper(6)));
    float largest = hyper(7);
    double norm = Math.sqrt(HostMath.getFloat(sumSquares));
    clip = largest == 0f ? 1f : (float) Math.min(1.0, largest / norm);
    loop.run();
  }

  private float hyper(int i) {
    return HostMath.getFloat(hyper + 4L * i);
  }

  private void elements(long from, int n) {
    int whole = F.loopBound(n);
    if (bf16) {
      for (int i = 0; i < whole; i += LANES) {
        stepBf16(from + i);
      }
    } else {
      for (int i = 0; i < whole; i += LANES) {
        step(from + i);
      }
    }
    if (whole < n) {
      last(from + whole, HostMath.first(n - whole));
    }
  }

  private void step(long i) {
    FloatVector g = load(grad + 4 * i).mul(clip);
    FloatVector newM = moment(load(m + 4 * i), beta1, g);
    FloatVector newV = moment(load(v + 4 * i), beta2, g.mul(g));
    store(update(load(param + 4 * i), newM, newV), param + 4 * i);
    store(newM, m + 4 * i);
    store(newV, v + 4 * i);
  }

  private void stepBf16(long i) {
    FloatVector g = load(grad + 4 * i).mul(clip);
    FloatVector newM = moment(HostBf16.load(m + 2 * i), beta1, g);
    FloatVector newV = moment(HostBf16.load(v + 2 * i), beta2, g.mul(g));
    store(update(load(param + 4 * i), newM, newV), param + 4 * i);
    HostBf16.store(newM, m + 2 * i);
    HostBf16.store(newV, v + 2 * i);
  }

  private void last(long i, VectorMask<Float> mask) {
    FloatVector g = load(grad + 4 * i, mask).mul(clip);
    FloatVector oldM = bf16 ? HostBf16.load(m + 2 * i, mask) : load(m + 4 * i, mask);
    FloatVector oldV = bf16 ? HostBf16.load(v + 2 * i, mask) : load(v + 4 * i, mask);
    FloatVector newM = moment(oldM, beta1, g);
    FloatVector newV = moment(oldV, beta2, g.mul(g));
    store(update(load(param + 4 * i, mask), newM, newV), param + 4 * i, mask);
    if (bf16) {
      HostBf16.store(newM, m + 2 * i, mask);
      HostBf16.store(newV, v + 2 * i, mask);
    } else {
      store(newM, m + 4 * i, mask);
      store(newV, v + 4 * i, mask);
    }
  }

  private static FloatVector moment(FloatVector old, float beta, FloatVector x) {
    return old.fma(FloatVector.broadcast(F, beta), x.mul(1f - beta));
  }

  private FloatVector update(FloatVector p, FloatVector newM, FloatVector newV) {
    FloatVector root = newV.sqrt();
    FloatVector denominator =
        root.fma(FloatVector.broadcast(F, rootC2), FloatVector.broadcast(F, epsilon));
    return p.fma(FloatVector.broadcast(F, keep), newM.mul(minusRate).div(denominator));
  }
}
