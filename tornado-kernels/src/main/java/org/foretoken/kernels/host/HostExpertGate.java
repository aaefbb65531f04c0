package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.getFloat;
import static org.foretoken.kernels.host.HostMath.load;
import static org.foretoken.kernels.host.HostMath.setFloat;
import static org.foretoken.kernels.host.HostMath.store;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.foretoken.kernels.op.ExpertGate;

/**
 * scores = sigmoid(logits); the K largest scores + bias of the best groups; their gates.
 *
 * <p>Experts are picked one after the other: each pick is the first of those that come after the
 * one before in the order of falling value and rising index, which needs no memory of what was
 * picked.
 */
final class HostExpertGate implements Runnable {
  private final HostPool pool;
  private final long logits; // [rows, experts]
  private final long bias; // [experts]
  private final long scores; // [rows, experts]
  private final long selected; // [rows, perToken]
  private final long gates; // [rows, perToken]
  private final ExpertGate op;
  private final int rows;
  private final int experts;
  private final int width;
  private final HostPool.Range body = this::rows;

  HostExpertGate(ExpertGate op, HostOperands x, HostPool pool) {
    this.pool = pool;
    this.op = op;
    logits = x.readAddress(0);
    bias = x.readAddress(1);
    scores = x.writeAddress(0);
    selected = x.writeAddress(1);
    gates = x.writeAddress(2);
    rows = x.in(0).rows();
    experts = x.in(0).columns();
    width = experts / op.groups();
  }

  @Override
  public void run() {
    pool.parallelFor(rows, HostMath.rowsPerChunk(experts * (op.perToken() + op.topkGroup())), body);
  }

  private void rows(int from, int to) {
    for (int n = from; n < to; n++) {
      long row = 4L * n * experts;
      sigmoid(logits + row, scores + row, experts);
      select(scores + row, 4L * n * op.perToken());
    }
  }

  private static void sigmoid(long x, long y, int n) {
    int i = 0;
    for (; i < F.loopBound(n); i += LANES) {
      store(sigmoid(load(x + 4L * i)), y + 4L * i);
    }
    if (i < n) {
      sigmoidLast(x + 4L * i, y + 4L * i, HostMath.first(n - i));
    }
  }

  private static void sigmoidLast(long x, long y, VectorMask<Float> m) {
    store(sigmoid(load(x, m)), y, m);
  }

  private static FloatVector sigmoid(FloatVector x) {
    return FloatVector.broadcast(F, 1f).div(HostMath.exp(x.neg()).add(1f));
  }

  private void select(long row, long out) {
    int chosen = op.topkGroup() == op.groups() ? -1 : groups(row);
    float last = Float.MAX_VALUE;
    int lastIndex = -1;
    float sum = ExpertGate.EPSILON;
    for (int k = 0; k < op.perToken(); k++) {
      lastIndex = next(row, chosen, last, lastIndex);
      last = value(row, lastIndex);
      sum += getFloat(row + 4L * lastIndex);
      HostMath.setInt(selected + out + 4L * k, lastIndex);
    }
    for (int k = 0; k < op.perToken(); k++) {
      float score = getFloat(row + 4L * HostMath.getInt(selected + out + 4L * k));
      setFloat(gates + out + 4L * k, op.scale() * (op.normalize() ? score / sum : score));
    }
  }

  /** The best groups as bits. */
  private int groups(long row) {
    int chosen = 0;
    for (int k = 0; k < op.topkGroup(); k++) {
      int best = -1;
      float most = 0;
      for (int g = 0; g < op.groups(); g++) {
        float score = groupScore(row, g);
        if ((chosen >> g & 1) == 0 && (best < 0 || score > most)) {
          best = g;
          most = score;
        }
      }
      chosen |= 1 << best;
    }
    return chosen;
  }

  /** The sum of the two largest values of a group; of one expert its value. */
  private float groupScore(long row, int group) {
    float first = -Float.MAX_VALUE;
    float second = -Float.MAX_VALUE;
    for (int i = group * width; i < (group + 1) * width; i++) {
      float v = value(row, i);
      second = v > first ? first : Math.max(v, second);
      first = Math.max(v, first);
    }
    return width > 1 ? first + second : first;
  }

  private int next(long row, int chosen, float last, int lastIndex) {
    int best = -1;
    float most = 0;
    for (int g = 0; g < op.groups(); g++) {
      if ((chosen >> g & 1) == 0) {
        continue;
      }
      for (int i = g * width; i < (g + 1) * width; i++) {
        float v = value(row, i);
        boolean after = v < last || v == last && i > lastIndex;
        if (after && (best < 0 || v > most)) {
          best = i;
          most = v;
        }
      }
    }
    return best;
  }

  private float value(long row, int i) {
    float v = getFloat(row + 4L * i) + getFloat(bias + 4L * i);
    return Float.isNaN(v) ? -Float.MAX_VALUE : v;
  }
}
