package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.foretoken.kernels.op.LatentHeads;
import org.foretoken.kernels.op.LatentHeadsGrad;

/**
 * k[i,h] = [kv[i,h,:nope] ; kRope[i]], v[i,h] = kv[i,h,nope:], and its gradient, in which the heads
 * add up to that of the rotary key, in ascending order.
 */
final class HostLatentHeads {
  private HostLatentHeads() {}

  /** Binds the forward direction. */
  static Runnable forward(LatentHeads op, HostOperands x, HostPool pool) {
    long kv = x.readAddress(0); // [rows, heads, nope + value]
    long kRope = x.readAddress(1); // [rows, rope]
    long k = x.writeAddress(0); // [rows, heads, nope + rope]
    long v = x.writeAddress(1); // [rows, heads, value]
    int keyDim = op.nopeDim() + op.ropeDim();
    int both = op.nopeDim() + op.valueDim();
    HostPool.Range body =
        (from, to) -> {
          for (int i = from; i < to; i++) {
            for (int h = 0; h < op.heads(); h++) {
              long head = (long) i * op.heads() + h;
              long key = k + 4 * head * keyDim;
              long source = kv + 4 * head * both;
              HostMath.copy(source, key, op.nopeDim());
              HostMath.copy(kRope + 4L * i * op.ropeDim(), key + 4L * op.nopeDim(), op.ropeDim());
              HostMath.copy(
                  source + 4L * op.nopeDim(), v + 4 * head * op.valueDim(), op.valueDim());
            }
          }
        };
    int rows = x.in(0).rows();
    return () -> pool.parallelFor(rows, HostMath.rowsPerChunk(op.heads() * both), body);
  }

  /** Binds the gradient. */
  static Runnable backward(LatentHeadsGrad op, HostOperands x, HostPool pool) {
    long dk = x.readAddress(0); // [rows, heads, nope + rope]
    long dv = x.readAddress(1); // [rows, heads, value]
    long dkv = x.writeAddress(0); // [rows, heads, nope + value]
    long dkRope = x.writeAddress(1); // [rows, rope]
    int keyDim = op.nopeDim() + op.ropeDim();
    int both = op.nopeDim() + op.valueDim();
    HostPool.Range body =
        (from, to) -> {
          for (int i = from; i < to; i++) {
            for (int h = 0; h < op.heads(); h++) {
              long head = (long) i * op.heads() + h;
              long target = dkv + 4 * head * both;
              HostMath.copy(dk + 4 * head * keyDim, target, op.nopeDim());
              HostMath.copy(
                  dv + 4 * head * op.valueDim(), target + 4L * op.nopeDim(), op.valueDim());
            }
            long shared = dk + 4L * ((long) i * op.heads() * keyDim + op.nopeDim());
            sumHeads(shared, keyDim, op.heads(), dkRope + 4L * i * op.ropeDim(), op.ropeDim());
          }
        };
    int rows = x.in(0).rows();
    return () -> pool.parallelFor(rows, HostMath.rowsPerChunk(op.heads() * both), body);
  }

  /** sum[c] = x[0,c] + x[1,c] + .. of {@code heads} heads {@code stride} floats apart. */
  private static void sumHeads(long x, int stride, int heads, long sum, int n) {
    int c = 0;
    for (; c < F.loopBound(n); c += LANES) {
      FloatVector s = FloatVector.zero(F);
      for (int h = 0; h < heads; h++) {
        s = s.add(load(x + 4L * ((long) h * stride + c)));
      }
      store(s, sum + 4L * c);
    }
    if (c < n) {
      sumLast(x + 4L * c, stride, heads, sum + 4L * c, HostMath.first(n - c));
    }
  }

  private static void sumLast(long x, int stride, int heads, long sum, VectorMask<Float> m) {
    FloatVector s = FloatVector.zero(F);
    for (int h = 0; h < heads; h++) {
      s = s.add(load(x + 4L * h * stride, m));
    }
    store(s, sum, m);
  }
}
