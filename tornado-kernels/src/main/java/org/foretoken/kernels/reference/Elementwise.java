package org.foretoken.kernels.reference;

import java.util.Arrays;
import org.foretoken.fp8.Bf16;
import org.foretoken.kernels.graph.DType;

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

  /** y = x, rounded where it goes to BF16 unless {@code exact}. */
  static void cast(Operands operands, boolean exact) {
    double[] x = operands.vectorIn(0);
    double[] y = operands.vectorOut(0);
    boolean rounds = operands.typeOut(0) == DType.BF16 && !exact;
    for (int i = 0; i < y.length; i++) {
      y[i] = rounds ? Bf16.round((float) x[i]) : x[i];
    }
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
