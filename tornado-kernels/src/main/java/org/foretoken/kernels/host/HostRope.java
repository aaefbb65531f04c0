package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.Rope;

/**
 * Rotary position embedding on adjacent pairs: (a, b) becomes (a cos - b sin, b cos + a sin).
 *
 * <p>Written for vectors as x * C + swap(x) * S, with swap exchanging the two of each pair, C = {c0,
 * c0, c1, c1, ..} and S = {-s0, s0, -s1, s1, ..} from a table by position, computed in double.
 */
final class HostRope implements Runnable {
  private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(F, l -> l ^ 1);

  private final HostPool pool;
  private final HostOperands operands;
  private final MemorySegment x; // [rows, heads * headDim]
  private final MemorySegment positions; // [rows]
  private final MemorySegment y; // [rows, heads * headDim]
  private final int rows;
  private final Rope op;
  private final HostPool.Range body = this::rows;
  private float[] table = new float[0]; // [positions, 2, rotaryDim]
  private int tabled;

  HostRope(Rope op, HostOperands operands, HostPool pool) {
    this.pool = pool;
    this.op = op;
    this.operands = operands;
    x = operands.read(0);
    positions = operands.read(1);
    y = operands.write(0);
    rows = operands.in(0).rows();
  }

  @Override
  public void run() {
    int last = -1;
    for (int i = 0; i < rows; i++) {
      int p = positions.get(ValueLayout.JAVA_INT, (long) i << 2);
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
    if (last >= tabled) {
      fill(Math.max(last + 1, Math.min(2 * tabled, last + 4096)));
    }
    pool.parallelFor(rows, HostMath.rowsPerChunk(op.heads() * op.headDim()), body);
  }

  private void fill(int count) {
    int d = op.rotaryDim();
    float[] t = java.util.Arrays.copyOf(table, Math.multiplyExact(count, 2 * d));
    for (int j = 0; j < d; j += 2) {
      double frequency = Math.pow(op.theta(), -(double) j / d);
      for (int p = tabled; p < count; p++) {
        float cos = (float) Math.cos(p * frequency);
        float sin = (float) Math.sin(p * frequency) * (op.inverse() ? -1f : 1f);
        int at = p * 2 * d + j;
        t[at] = cos;
        t[at + 1] = cos;
        t[at + d] = -sin;
        t[at + d + 1] = sin;
      }
    }
    table = t;
    tabled = count;
  }

  private void rows(int from, int to) {
    int d = op.rotaryDim();
    int plain = op.headDim() - d;
    for (int i = from; i < to; i++) {
      int at = positions.get(ValueLayout.JAVA_INT, (long) i << 2) * 2 * d;
      for (int h = 0; h < op.heads(); h++) {
        long head = ((long) i * op.heads() + h) * op.headDim() << 2;
        if (plain > 0) {
          MemorySegment.copy(x, head, y, head, (long) plain << 2);
        }
        rotate(x, y, head + ((long) plain << 2), table, at, d);
      }
    }
  }

  private static void rotate(
      MemorySegment x, MemorySegment y, long head, float[] table, int at, int d) {
    int c = 0;
    for (; c < F.loopBound(d); c += LANES) {
      long o = head + ((long) c << 2);
      FloatVector cos = FloatVector.fromArray(F, table, at + c);
      FloatVector sin = FloatVector.fromArray(F, table, at + d + c);
      store(rotate(load(x, o), cos, sin), y, o);
    }
    if (c < d) {
      long o = head + ((long) c << 2);
      VectorMask<Float> m = HostMath.first(d - c);
      FloatVector cos = FloatVector.fromArray(F, table, at + c, m);
      FloatVector sin = FloatVector.fromArray(F, table, at + d + c, m);
      store(rotate(load(x, o, m), cos, sin), y, o, m);
    }
  }

  private static FloatVector rotate(FloatVector x, FloatVector cos, FloatVector sin) {
    return x.rearrange(SWAP).fma(sin, x.mul(cos));
  }
}
