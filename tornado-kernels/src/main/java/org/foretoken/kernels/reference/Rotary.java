package org.foretoken.kernels.reference;

import org.foretoken.kernels.op.Rope;

/** Rotary position embedding (RoFormer, arXiv 2104.09864, section 3.4.2). */
final class Rotary {
  private Rotary() {}

  /**
   * In the last rotaryDim columns of each head, pair j turns by a = position * theta^(-2j /
   * rotaryDim), backwards where inverse: (u, v) becomes (u cos a - v sin a, u sin a + v cos a).
   */
  static void rope(Rope op, Operands operands) {
    Matrix x = operands.in(0);
    int[] positions = operands.integers(1);
    Matrix y = operands.out(0);
    int straight = op.headDim() - op.rotaryDim();
    for (int i = 0; i < x.rows(); i++) {
      for (int head = 0; head < op.heads(); head++) {
        int first = head * op.headDim();
        for (int c = first; c < first + straight; c++) {
          y.set(i, c, x.at(i, c));
        }
        for (int j = 0; j < op.rotaryDim() / 2; j++) {
          double angle = positions[i] * Math.pow(op.theta(), -2.0 * j / op.rotaryDim());
          double cos = Math.cos(angle);
          double sin = op.inverse() ? -Math.sin(angle) : Math.sin(angle);
          int c = first + straight + 2 * j;
          double u = x.at(i, c);
          double v = x.at(i, c + 1);
          y.set(i, c, u * cos - v * sin);
          y.set(i, c + 1, u * sin + v * cos);
        }
      }
    }
  }
}
