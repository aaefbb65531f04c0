package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.foretoken.fp8.Bf16;
import org.foretoken.kernels.op.AbsorbQuery;
import org.foretoken.kernels.op.ExpandLatent;
import org.foretoken.kernels.op.Precision;

/**
 * The products of absorbed decoding, one matrix a head, straight from the weight in memory: few
 * rows meet each weight once, so there is nothing to pack.
 *
 * <p>An element is the same chain of fused multiply-adds whatever rows are computed beside it: over
 * ascending d in {@link AbsorbQuery}; in {@link ExpandLatent}, a product along the weight's rows,
 * lane by lane, and then {@link HostMath#sum} over the lanes.
 */
final class HostLatentProducts {
  /** Rows of activations that share a load of the weight. */
  private static final int ROWS = 4;

  private static final ThreadLocal<float[][]> LEFT =
      ThreadLocal.withInitial(() -> new float[ROWS][0]);

  private final int heads;
  private final int depth; // elements of a head's activation that are multiplied
  private final int xDim; // floats of a head in x
  private final int yDim; // floats of a head in y
  private final int weightDim; // rows of a head in the weight
  private final int weightSkip; // rows of a head before those that are meant
  private final int latentDim;
  private final boolean bf16;
  private final long x;
  private final long weight;
  private final long y;
  private final int rows;

  private HostLatentProducts(
      HostOperands o,
      int heads,
      int depth,
      int xDim,
      int yDim,
      int weightDim,
      int weightSkip,
      int latentDim,
      Precision precision) {
    this.heads = heads;
    this.depth = depth;
    this.xDim = xDim;
    this.yDim = yDim;
    this.weightDim = weightDim;
    this.weightSkip = weightSkip;
    this.latentDim = latentDim;
    bf16 = precision == Precision.BF16;
    x = o.readAddress(0);
    weight = o.readAddress(1);
    y = o.writeAddress(0);
    rows = o.in(0).rows();
  }

  /** y[s,h] = [q[s,h,:nope] W_UK[h] ; q[s,h,nope:]]. */
  static Runnable absorb(AbsorbQuery op, HostOperands o, HostPool pool) {
    int nope = op.nopeDim();
    HostLatentProducts p =
        new HostLatentProducts(
            o,
            op.heads(),
            nope,
            nope + op.ropeDim(),
            op.latentDim() + op.ropeDim(),
            nope + op.valueDim(),
            0,
            op.latentDim(),
            op.precision());
    return p.parallel(pool, (s, h, n) -> p.absorb(s, h, n, op.ropeDim()));
  }

  /** y[s,h] = W_UV[h] o[s,h]. */
  static Runnable expand(ExpandLatent op, HostOperands o, HostPool pool) {
    HostLatentProducts p =
        new HostLatentProducts(
            o,
            op.heads(),
            op.latentDim(),
            op.latentDim(),
            op.valueDim(),
            op.nopeDim() + op.valueDim(),
            op.nopeDim(),
            op.latentDim(),
            op.precision());
    return p.parallel(pool, p::expand);
  }

  /** Some rows of one head. */
  @FunctionalInterface
  private interface Part {
    void run(int row, int head, int n);
  }

  /** Heads in parallel, since each has a weight of its own, and all rows with each. */
  private Runnable parallel(HostPool pool, Part part) {
    HostPool.Range body =
        (from, to) -> {
          for (int h = from; h < to; h++) {
            for (int s = 0; s < rows; s += ROWS) {
              part.run(s, h, Math.min(ROWS, rows - s));
            }
          }
        };
    long work = (long) rows * heads * depth * yDim;
    int grain = work <= GemmTiles.SERIAL_WORK ? heads : 1;
    return () -> pool.parallelFor(heads, grain, body);
  }

  private long xHead(int row, int head) {
    return x + 4L * ((long) row * heads + head) * xDim;
  }

  private long yHead(int row, int head) {
    return y + 4L * ((long) row * heads + head) * yDim;
  }

  /** First byte of row {@code r} of those of a head's weights that are meant. */
  private long weightRow(int head, int r) {
    return weight + 4L * ((long) head * weightDim + weightSkip + r) * latentDim;
  }

  /** The activations of {@code n} rows as they enter the product. */
  private float[][] left(int row, int head, int n) {
    float[][] left = LEFT.get();
    for (int i = 0; i < n; i++) {
      if (left[i].length < depth + LANES) {
        left[i] = new float[depth + LANES];
      }
      long from = xHead(row + i, head);
      for (int d = 0; d < depth; d++) {
        float v = HostMath.getFloat(from + 4L * d);
        left[i][d] = bf16 ? Bf16.round(v) : v;
      }
      java.util.Arrays.fill(left[i], depth, depth + LANES, 0f);
    }
    return left;
  }

  private void absorb(int row, int head, int n, int ropeDim) {
    float[][] q = left(row, head, n);
    long w = weightRow(head, 0);
    int c = 0;
    for (; c < F.loopBound(latentDim); c += LANES) {
      if (n == ROWS) {
        fourRows(q, w + 4L * c, yHead(row, head) + 4L * c);
      } else {
        for (int i = 0; i < n; i++) {
          store(oneRow(q[i], w + 4L * c), yHead(row + i, head) + 4L * c);
        }
      }
    }
    for (int i = 0; i < n; i++) {
      long to = yHead(row + i, head);
      if (c < latentDim) {
        VectorMask<Float> m = HostMath.first(latentDim - c);
        store(lastOfRow(q[i], w + 4L * c, m), to + 4L * c, m);
      }
      HostMath.copy(xHead(row + i, head) + 4L * depth, to + 4L * latentDim, ropeDim);
    }
  }

  private void fourRows(float[][] q, long w, long to) {
    float[] q0 = q[0];
    float[] q1 = q[1];
    float[] q2 = q[2];
    float[] q3 = q[3];
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    for (int d = 0; d < depth; d++) {
      FloatVector b = entered(load(w + 4L * d * latentDim));
      s0 = FloatVector.broadcast(F, q0[d]).fma(b, s0);
      s1 = FloatVector.broadcast(F, q1[d]).fma(b, s1);
      s2 = FloatVector.broadcast(F, q2[d]).fma(b, s2);
      s3 = FloatVector.broadcast(F, q3[d]).fma(b, s3);
    }
    long next = 4L * heads * yDim;
    store(s0, to);
    store(s1, to + next);
    store(s2, to + 2 * next);
    store(s3, to + 3 * next);
  }

  private FloatVector oneRow(float[] q, long w) {
    FloatVector s = FloatVector.zero(F);
    for (int d = 0; d < depth; d++) {
      s = FloatVector.broadcast(F, q[d]).fma(entered(load(w + 4L * d * latentDim)), s);
    }
    return s;
  }

  private FloatVector lastOfRow(float[] q, long w, VectorMask<Float> m) {
    FloatVector s = FloatVector.zero(F);
    for (int d = 0; d < depth; d++) {
      s = FloatVector.broadcast(F, q[d]).fma(entered(load(w + 4L * d * latentDim, m)), s);
    }
    return s;
  }

  private void expand(int row, int head, int n) {
    float[][] o = left(row, head, n);
    for (int v = 0; v < yDim; v++) {
      long w = weightRow(head, v);
      if (n == ROWS) {
        fourProducts(o, w, yHead(row, head) + 4L * v);
      } else {
        for (int i = 0; i < n; i++) {
          HostMath.setFloat(yHead(row + i, head) + 4L * v, product(o[i], w));
        }
      }
    }
  }

  private void fourProducts(float[][] o, long w, long to) {
    float[] o0 = o[0];
    float[] o1 = o[1];
    float[] o2 = o[2];
    float[] o3 = o[3];
    FloatVector s0 = FloatVector.zero(F);
    FloatVector s1 = FloatVector.zero(F);
    FloatVector s2 = FloatVector.zero(F);
    FloatVector s3 = FloatVector.zero(F);
    int c = 0;
    for (; c < F.loopBound(depth); c += LANES) {
      FloatVector b = entered(load(w + 4L * c));
      s0 = FloatVector.fromArray(F, o0, c).fma(b, s0);
      s1 = FloatVector.fromArray(F, o1, c).fma(b, s1);
      s2 = FloatVector.fromArray(F, o2, c).fma(b, s2);
      s3 = FloatVector.fromArray(F, o3, c).fma(b, s3);
    }
    if (c < depth) {
      FloatVector b = entered(load(w + 4L * c, HostMath.first(depth - c)));
      s0 = FloatVector.fromArray(F, o0, c).fma(b, s0);
      s1 = FloatVector.fromArray(F, o1, c).fma(b, s1);
      s2 = FloatVector.fromArray(F, o2, c).fma(b, s2);
      s3 = FloatVector.fromArray(F, o3, c).fma(b, s3);
    }
    long next = 4L * heads * yDim;
    HostMath.setFloat(to, HostMath.sum(s0));
    HostMath.setFloat(to + next, HostMath.sum(s1));
    HostMath.setFloat(to + 2 * next, HostMath.sum(s2));
    HostMath.setFloat(to + 3 * next, HostMath.sum(s3));
  }

  private float product(float[] o, long w) {
    FloatVector s = FloatVector.zero(F);
    int c = 0;
    for (; c < F.loopBound(depth); c += LANES) {
      s = FloatVector.fromArray(F, o, c).fma(entered(load(w + 4L * c)), s);
    }
    if (c < depth) {
      FloatVector b = entered(load(w + 4L * c, HostMath.first(depth - c)));
      s = FloatVector.fromArray(F, o, c).fma(b, s);
    }
    return HostMath.sum(s);
  }

  /** Weights as they enter the product. */
  private FloatVector entered(FloatVector w) {
    return bf16 ? GemmRows.round(w) : w;
  }
}
