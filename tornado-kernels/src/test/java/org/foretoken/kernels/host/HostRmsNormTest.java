package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.RmsNormGrad;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostRmsNormTest {
  private static final float EPS = 1e-5f;

  private static OneOp.Result forward(float[] x, float[] w, int n, int e, int threads) {
    return new OneOp(new RmsNorm(EPS))
        .in("x", x, n, e)
        .in("w", w, e)
        .out("y", n, e)
        .out("rstd", n)
        .run(threads);
  }

  @ParameterizedTest
  @CsvSource({"1,1", "13,207", "130,64", "207,13", "1030,40"})
  void forwardAndGradientMatchDoublePrecision(int n, int e) {
    float[] x = OneOp.random(1, n * e, 2);
    float[] w = OneOp.random(2, e, 1);
    float[] dy = OneOp.random(3, n * e, 1);
    float[] dw = OneOp.random(4, e, 1);
    double[] y = new double[n * e];
    double[] rstd = new double[n];
    double[] dx = new double[n * e];
    double[] dwSum = new double[e];
    for (int c = 0; c < e; c++) {
      dwSum[c] = dw[c];
    }
    for (int i = 0; i < n; i++) {
      double squares = 0;
      for (int c = 0; c < e; c++) {
        squares += (double) x[i * e + c] * x[i * e + c];
      }
      double r = 1 / Math.sqrt(squares / e + EPS);
      rstd[i] = r;
      double dot = 0;
      for (int c = 0; c < e; c++) {
        int at = i * e + c;
        y[at] = x[at] * r * w[c];
        dot += (double) dy[at] * w[c] * x[at];
        dwSum[c] += dy[at] * x[at] * r;
      }
      for (int c = 0; c < e; c++) {
        int at = i * e + c;
        dx[at] = r * (dy[at] * w[c] - x[at] * r * r * dot / e);
      }
    }
    OneOp.Result found = forward(x, w, n, e, 2);
    Close.check("y", found.get("y"), y, 1e-6);
    Close.check("rstd", found.get("rstd"), rstd, 1e-6);
    OneOp grad =
        new OneOp(new RmsNormGrad())
            .in("x", x, n, e)
            .in("w", w, e)
            .in("rstd", found.get("rstd"), n)
            .in("dy", dy, n, e)
            .out("dx", n, e)
            .update("dw", dw, e);
    OneOp.Result two = grad.run(2);
    Close.check("dx", two.get("dx"), dx, 2e-6);
    Close.check("dw", two.get("dw"), dwSum, 2e-6);
    OneOp.Result one = grad.run(1);
    assertThat(one.bits("dx")).isEqualTo(two.bits("dx"));
    assertThat(one.bits("dw")).isEqualTo(two.bits("dw"));
  }

  @ParameterizedTest
  @CsvSource({"207,13", "64,70"})
  void aRowHasTheSameBitsWhateverTheNumberOfRows(int n, int e) {
    float[] x = OneOp.random(1, n * e, 2);
    float[] w = OneOp.random(2, e, 1);
    int[] all = forward(x, w, n, e, 2).bits("y");
    for (int i : new int[] {0, 1, n - 1}) {
      int[] one = forward(OneOp.rows(x, e, i, i + 1), w, 1, e, 1).bits("y");
      assertThat(one).isEqualTo(Arrays.copyOfRange(all, i * e, i * e + e));
    }
  }
}
