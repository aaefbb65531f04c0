package org.foretoken.kernels.reference;

import org.foretoken.kernels.op.RmsNorm;

/** Root-mean-square normalization of rows. */
final class Norms {
  private Norms() {}

  /** rstd = 1 / sqrt(mean(x^2) + eps); y = x * rstd * weight. */
  static void rmsNorm(RmsNorm op, Operands operands) {
    Matrix x = operands.in(0);
    double[] weight = operands.vectorIn(1);
    Matrix y = operands.out(0);
    double[] rstd = operands.vectorOut(1);
    for (int i = 0; i < x.rows(); i++) {
      double sumSquares = 0;
      for (int j = 0; j < x.columns(); j++) {
        sumSquares += x.at(i, j) * x.at(i, j);
      }
      rstd[i] = 1 / Math.sqrt(sumSquares / x.columns() + op.eps());
      for (int j = 0; j < x.columns(); j++) {
        y.set(i, j, x.at(i, j) * rstd[i] * weight[j]);
      }
    }
  }

  /**
   * With xHat = x * rstd and dxHat = dy * weight: dx = rstd * (dxHat - xHat * mean(dxHat * xHat));
   * dWeight += sum over rows of dy * xHat.
   */
  static void rmsNormGrad(Operands operands) {
    Matrix x = operands.in(0);
    double[] weight = operands.vectorIn(1);
    double[] rstd = operands.vectorIn(2);
    Matrix dy = operands.in(3);
    Matrix dx = operands.out(0);
    double[] dWeight = operands.vectorOut(1);
    for (int i = 0; i < x.rows(); i++) {
      double mean = 0;
      for (int j = 0; j < x.columns(); j++) {
        double xHat = x.at(i, j) * rstd[i];
        mean += dy.at(i, j) * weight[j] * xHat / x.columns();
        dWeight[j] += dy.at(i, j) * xHat;
      }
      for (int j = 0; j < x.columns(); j++) {
        double xHat = x.at(i, j) * rstd[i];
        dx.set(i, j, rstd[i] * (dy.at(i, j) * weight[j] - xHat * mean));
      }
    }
  }
}
