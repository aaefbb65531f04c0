package org.foretoken.kernels.reference;

import org.foretoken.kernels.op.AdamW;

/** The optimizer's step and the norm it clips by. */
final class Optimizing {
  private Optimizing() {}

  /** sum += sum of x^2. */
  static void sumSquares(Operands operands) {
    double[] x = operands.vectorIn(0);
    double[] sum = operands.vectorOut(0);
    for (double value : x) {
      sum[0] += value * value;
    }
  }

  /**
   * AdamW (arXiv 1711.05101, algorithm 2), with g = the gradient clipped by its global norm: m =
   * beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; param -= learning rate * (mHat /
   * (sqrt(vHat) + epsilon) + decay * param), where mHat = m / (1 - beta1^t) and vHat = v / (1 -
   * beta2^t).
   */
  static void adamW(AdamW op, Operands x) {
    double[] gradient = x.vectorIn(0);
    double[] hyper = x.vectorIn(1);
    double learningRate = hyper[0];
    double beta1 = hyper[1];
    double beta2 = hyper[2];
    double epsilon = hyper[3];
    double decay = op.decay() ? hyper[4] : 0;
    double correction1 = hyper[5];
    double correction2 = hyper[6];
    double largestNorm = hyper[7];
    double norm = Math.sqrt(x.vectorIn(2)[0]);
    double clip = largestNorm > 0 && norm > largestNorm ? largestNorm / norm : 1;

    double[] param = x.vectorOut(0);
    double[] m = x.vectorOut(1);
    double[] v = x.vectorOut(2);
    for (int i = 0; i < param.length; i++) {
      double g = clip * gradient[i];
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      double mHat = m[i] / correction1;
      double vHat = v[i] / correction2;
      param[i] -= learningRate * (mHat / (Math.sqrt(vHat) + epsilon) + decay * param[i]);
    }
  }
}
