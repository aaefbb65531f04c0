package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.Rope;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostRopeTest {
  private static OneOp.Result run(Rope op, float[] x, int[] positions, int threads) {
    int c = op.heads() * op.headDim();
    return new OneOp(op)
        .in("x", x, positions.length, c)
        .in("positions", positions, positions.length)
        .out("y", positions.length, c)
        .run(threads);
  }

  @ParameterizedTest
  @CsvSource({"1,1,2,2", "13,3,20,20", "207,2,48,16", "207,4,26,10", "40,2,66,66"})
  void rotatesPairsAndBack(int n, int heads, int headDim, int rotaryDim) {
    Rope op = new Rope(heads, headDim, rotaryDim, 10000, false);
    float[] x = OneOp.random(1, n * heads * headDim, 1);
    int[] positions = new int[n];
    for (int i = 0; i < n; i++) {
      positions[i] = i * 37 % 501;
    }
    double[] expected = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      int column = i % headDim - (headDim - rotaryDim);
      int row = i / (heads * headDim);
      if (column < 0) {
        expected[i] = x[i];
      } else {
        double angle = positions[row] * Math.pow(10000, -(double) (column / 2 * 2) / rotaryDim);
        int even = i - column % 2;
        expected[i] =
            column % 2 == 0
                ? x[even] * Math.cos(angle) - x[even + 1] * Math.sin(angle)
                : x[even] * Math.sin(angle) + x[even + 1] * Math.cos(angle);
      }
    }
    OneOp.Result two = run(op, x, positions, 2);
    Close.check("y", two.get("y"), expected, 1e-6);
    assertThat(run(op, x, positions, 1).bits("y")).isEqualTo(two.bits("y"));
    int c = heads * headDim;
    int last = n - 1;
    OneOp.Result one = run(op, OneOp.rows(x, c, last, n), new int[] {positions[last]}, 1);
    assertThat(one.bits("y")).isEqualTo(Arrays.copyOfRange(two.bits("y"), last * c, n * c));
    Rope back = new Rope(heads, headDim, rotaryDim, 10000, true);
    double[] original = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      original[i] = x[i];
    }
    Close.check("inverse", run(back, two.get("y"), positions, 2).get("y"), original, 1e-6);
  }

  @Test
  void refusesNegativePositions() {
    assertThatThrownBy(
            () -> run(new Rope(1, 4, 4, 10000, false), new float[8], new int[] {0, -3}, 1))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("found -3 at 1");
  }
}
