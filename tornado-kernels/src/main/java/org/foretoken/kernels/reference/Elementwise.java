package org.foretoken.kernels.reference;

import java.util.Arrays;

/** Operations that treat every element alone. */
final class Elementwise {
  private Elementwise() {}

  static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** y = 0. */
  static void zero(Operands x) {
    Arrays.fill(x.vectorOut(0), 0);
  }

  /** y = a + b. */
  static void add(Operands x) {
    double[] a = x.vectorIn(0);
    double[] b = x.vectorIn(1);
    double[] y = x.vectorOut(0);
    for (int i = 0; i < y.length; i++) {
      y[i] = a[i] + b[i];
    }
  }

  /** y = silu(gate) * up with silu(g) = g * sigmoid(g). */
  static void swiGlu(Operands x) {
    double[] gate = x.vectorIn(0);
    double[] up = x.vectorIn(1);
    double[] y = x.vectorOut(0);
    for (int i = 0; i < y.length; i++) {
      y[i] = gate[i] * sigmoid(gate[i]) * up[i];
    }
  }

  /** dUp = dy * silu(gate); dGate = dy * up * silu'(gate). */
  static void swiGluGrad(Operands x) {
    double[] gate = x.vectorIn(0);
    double[] up = x.vectorIn(1);
    double[] dy = x.vectorIn(2);
    double[] dGate = x.vectorOut(0);
    double[] dUp = x.vectorOut(1);
    for (int i = 0; i < dy.length; i++) {
      double g = gate[i];
      double s = sigmoid(g);
      double gradient = dy[i];
      dGate[i] = gradient * up[i] * s * (1 + g * (1 - s));
      dUp[i] = gradient * g * s;
    }
  }
}
