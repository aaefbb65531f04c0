package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.Rope;

/**
 * Rotary position embedding on adjacent pairs: (a, b) becomes (a cos - b sin, b cos + a sin).
 *
 * <p>Written for vectors as x * C + swap(x) * S, with swap exchanging the two of each pair, C =
 * {c0, c0, c1, c1, ..} and S = {-s0, s0, -s1, s1, ..} from a table by position, computed in double.
 */
final class HostRope implements Runnable {
  private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(F, l -> l ^ 1);

  private final HostPool pool;
  private final HostOperands operands;
  private final long x; // [rows, heads * headDim]
  private final long positions; // [rows]
  private final long y; // [rows, heads * headDim]
  private final int rows;
  private final Rope op;
  private final HostPool.Range body = this::rows;
  private final HostRopeTable tables;
  private final float sign; // of the sines
  private float[] table; // [positions, 2, rotaryDim]

  HostRope(Rope op, HostOperands operands, HostPool pool) {
    this.pool = pool;
    this.op = op;
    this.operands = operands;
    x = operands.readAddress(0);
    positions = operands.readAddress(1);
    y = operands.writeAddress(0);
    rows = operands.in(0).rows();
    tables = operands.ropeTable(op.rotaryDim(), op.theta());
    sign = op.inverse() ? -1f : 1f;
  }

  @Override
  public void run() {
    int last = -1;
    for (int i = 0; i < rows; i++) {
      int p = HostMath.getInt(positions + 4L * i);
      if (p < 0) {
        throw new GraphException(
            operands.where()
                + ": operand '"
                + operands.in(1)
                + "' expected positions >= 0, found "
                + p
                + " at "
                + i);
      }
      last = Math.max(last, p);
    }
    table = tables.upTo(last);
    pool.parallelFor(rows, HostMath.rowsPerChunk(op.heads() * op.headDim()), body);
  }

  private void rows(int from, int to) {
    int d = op.rotaryDim();
    int plain = op.headDim() - d;
    for (int i = from; i < to; i++) {
      int at = HostMath.getInt(positions + 4L * i) * 2 * d;
      for (int h = 0; h < op.heads(); h++) {
        long head = 4L * op.headDim() * ((long) i * op.heads() + h);
        if (plain > 0) {
          HostMath.copy(x + head, y + head, plain);
        }
        long o = head + 4L * plain;
        rotate(x + o, y + o, table, at, d, sign);
      }
    }
  }

  private static void rotate(long x, long y, float[] table, int at, int d, float sign) {
    int c = 0;
    for (; c < F.loopBound(d); c += LANES) {
      FloatVector cos = FloatVector.fromArray(F, table, at + c);
      FloatVector sin = FloatVector.fromArray(F, table, at + d + c).mul(sign);
      store(rotate(load(x + 4L * c), cos, sin), y + 4L * c);
    }
    if (c < d) {
      rotateLast(x + 4L * c, y + 4L * c, table, at + c, d, sign, HostMath.first(d - c));
    }
  }

  private static void rotateLast(
      long x, long y, float[] table, int at, int d, float sign, VectorMask<Float> m) {
    FloatVector cos = FloatVector.fromArray(F, table, at, m);
    FloatVector sin = FloatVector.fromArray(F, table, at + d, m).mul(sign);
    store(rotate(load(x, m), cos, sin), y, m);
  }

  private static FloatVector rotate(FloatVector x, FloatVector cos, FloatVector sin) {
    return x.rearrange(SWAP).fma(sin, x.mul(cos));
  }
}
