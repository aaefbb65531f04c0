package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.ConcatColumns;
import org.foretoken.kernels.op.SplitColumns;
import org.foretoken.kernels.op.SumSquares;
import org.foretoken.kernels.op.SwiGlu;
import org.foretoken.kernels.op.SwiGluGrad;
import org.foretoken.kernels.op.Zero;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostElementwiseTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 13, 207, 40_001})
  void addAndZero(int n) {
    float[] a = OneOp.random(1, n, 1);
    float[] b = OneOp.random(2, n, 1);
    float[] sum = new OneOp(new Add()).in("a", a, n).in("b", b, n).out("y", n).run(2).get("y");
    for (int i = 0; i < n; i++) {
      assertThat(sum[i]).isEqualTo(a[i] + b[i]);
    }
    assertThat(new OneOp(new Zero()).out("y", n).run(2).get("y")).containsOnly(0f).hasSize(n);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 207})
  void concatenatesAndSplitsColumns(int n) {
    int left = 5;
    int right = 18;
    float[] a = OneOp.random(1, n * left, 1);
    float[] b = OneOp.random(2, n * right, 1);
    float[] y =
        new OneOp(new ConcatColumns())
            .in("a", a, n, left)
            .in("b", b, n, right)
            .out("y", n, left + right)
            .run(2)
            .get("y");
    for (int i = 0; i < n; i++) {
      for (int c = 0; c < left + right; c++) {
        float expected = c < left ? a[i * left + c] : b[i * right + c - left];
        assertThat(y[i * (left + right) + c]).isEqualTo(expected);
      }
    }
    OneOp.Result parts =
        new OneOp(new SplitColumns())
            .in("y", y, n, left + right)
            .out("a", n, left)
            .out("b", n, right)
            .run(2);
    assertThat(parts.get("a")).isEqualTo(a);
    assertThat(parts.get("b")).isEqualTo(b);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 207, 40_001})
  void swiGluAndItsGradient(int n) {
    float[] gate = OneOp.random(1, n, 4);
    float[] up = OneOp.random(2, n, 1);
    float[] dy = OneOp.random(3, n, 1);
    double[] y = new double[n];
    double[] dGate = new double[n];
    double[] dUp = new double[n];
    for (int i = 0; i < n; i++) {
      double s = 1 / (1 + Math.exp(-gate[i]));
      y[i] = gate[i] * s * up[i];
      dUp[i] = dy[i] * gate[i] * s;
      dGate[i] = dy[i] * up[i] * s * (1 + gate[i] * (1 - s));
    }
    OneOp forward =
        new OneOp(new SwiGlu()).in("gate", gate, n, 1).in("up", up, n, 1).out("y", n, 1);
    OneOp.Result two = forward.run(2);
    Close.check("y", two.get("y"), y, 1e-6);
    assertThat(forward.run(1).bits("y")).isEqualTo(two.bits("y"));
    OneOp.Result g =
        new OneOp(new SwiGluGrad())
            .in("gate", gate, n, 1)
            .in("up", up, n, 1)
            .in("dy", dy, n, 1)
            .out("dGate", n, 1)
            .out("dUp", n, 1)
            .run(2);
    Close.check("dGate", g.get("dGate"), dGate, 1e-6);
    Close.check("dUp", g.get("dUp"), dUp, 1e-6);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 207, 100_003})
  void sumOfSquaresIsExactToFloatPrecision(int n) {
    float[] x = OneOp.random(1, n, 3);
    double sum = 7;
    for (float v : x) {
      sum += (double) v * v;
    }
    OneOp op = new OneOp(new SumSquares()).in("x", x, n).update("sum", new float[] {7}, 1);
    float[] two = op.run(2).get("sum");
    assertThat((double) two[0])
        .isCloseTo(sum, org.assertj.core.data.Percentage.withPercentage(6e-6));
    assertThat(op.run(1).get("sum")).isEqualTo(two);
  }
}
