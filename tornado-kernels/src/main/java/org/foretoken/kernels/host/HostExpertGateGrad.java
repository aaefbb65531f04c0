package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.getFloat;
import static org.foretoken.kernels.host.HostMath.getInt;

import org.foretoken.kernels.op.ExpertGate;
import org.foretoken.kernels.op.ExpertGateGrad;

/** The gates' gradient through normalisation and sigmoid, for the selected experts. */
final class HostExpertGateGrad implements Runnable {
  private final HostPool pool;
  private final HostOperands operands;
  private final long scores; // [rows, experts]
  private final long selected; // [rows, perToken]
  private final long dGates; // [rows, perToken]
  private final long dLogits; // [rows, experts]
  private final ExpertGateGrad op;
  private final int rows;
  private final int experts;
  private final int perToken;
  private final HostPool.Range body = this::rows;

  HostExpertGateGrad(ExpertGateGrad op, HostOperands x, HostPool pool) {
    this.pool = pool;
    this.op = op;
    operands = x;
    scores = x.readAddress(0);
    selected = x.readAddress(1);
    dGates = x.readAddress(2);
    dLogits = x.writeAddress(0);
    rows = x.in(0).rows();
    experts = x.in(0).columns();
    perToken = x.in(1).columns();
  }

  @Override
  public void run() {
    operands.checkRange(operands.in(1), selected, 0, experts);
    pool.parallelFor(rows, HostMath.rowsPerChunk(experts + 8 * perToken), body);
  }

  private void rows(int from, int to) {
    HostMath.zero(dLogits + 4L * from * experts, (long) (to - from) * experts);
    for (int n = from; n < to; n++) {
      row(4L * n * experts, 4L * n * perToken);
    }
  }

  private void row(long wide, long narrow) {
    float sum = ExpertGate.EPSILON;
    float weighted = 0;
    for (int k = 0; k < perToken; k++) {
      float score = getFloat(scores + wide + 4L * getInt(selected + narrow + 4L * k));
      sum += score;
      weighted = Math.fma(getFloat(dGates + narrow + 4L * k), score, weighted);
    }
    float mean = weighted / sum;
    for (int k = 0; k < perToken; k++) {
      long at = wide + 4L * getInt(selected + narrow + 4L * k);
      float g = getFloat(dGates + narrow + 4L * k);
      float score = getFloat(scores + at);
      float dScore = op.scale() * (op.normalize() ? (g - mean) / sum : g);
      HostMath.setFloat(dLogits + at, dScore * score * (1 - score));
    }
  }
}
