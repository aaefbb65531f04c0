package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.CachedAttention;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostAttentionTest {
  /** Rows, heads and random operands of an attention. */
  private record Case(
      int[] lengths, int heads, int kvHeads, int headDim, int valueDim, float scale) {
    static Case of(String lengths, int heads, int kvHeads, int headDim, int valueDim) {
      int[] l = Arrays.stream(lengths.split("\\+")).mapToInt(Integer::parseInt).toArray();
      return new Case(l, heads, kvHeads, headDim, valueDim, (float) (1 / Math.sqrt(headDim)));
    }

    int rows() {
      return Arrays.stream(lengths).sum();
    }

    int[] firstRow() {
      int[] first = new int[rows()];
      int at = 0;
      for (int length : lengths) {
        Arrays.fill(first, at, at + length, at);
        at += length;
      }
      return first;
    }

    float[] q() {
      return OneOp.random(1, rows() * heads * headDim, 1.5);
    }

    float[] k() {
      return OneOp.random(2, rows() * kvHeads * headDim, 1);
    }

    float[] v() {
      return OneOp.random(3, rows() * kvHeads * valueDim, 1);
    }

    float[] dO() {
      return OneOp.random(4, rows() * heads * valueDim, 1);
    }

    OneOp.Result forward(int threads) {
      return new OneOp(new Attention(heads, kvHeads, headDim, valueDim, scale))
          .in("q", q(), rows(), heads * headDim)
          .in("k", k(), rows(), kvHeads * headDim)
          .in("v", v(), rows(), kvHeads * valueDim)
          .in("firstRow", firstRow(), rows())
          .out("o", rows(), heads * valueDim)
          .out("lse", rows(), heads)
          .run(threads);
    }

    OneOp.Result cached(int threads, int from, int to, int offset) {
      int width = heads * headDim;
      int capacity = rows() + offset + 5;
      float[] keys = new float[capacity * kvHeads * headDim];
      float[] values = new float[capacity * kvHeads * valueDim];
      // What a row may not see would show: NaN times a probability of 0 is NaN.
      Arrays.fill(keys, Float.NaN);
      Arrays.fill(values, Float.NaN);
      System.arraycopy(k(), 0, keys, offset * kvHeads * headDim, k().length);
      System.arraycopy(v(), 0, values, offset * kvHeads * valueDim, v().length);
      int[] begins = new int[to - from];
      int[] ends = new int[to - from];
      for (int i = from; i < to; i++) {
        begins[i - from] = firstRow()[i] + offset;
        ends[i - from] = i + 1 + offset;
      }
      return new OneOp(new CachedAttention(heads, kvHeads, headDim, valueDim, scale))
          .in("q", OneOp.rows(q(), width, from, to), to - from, width)
          .in("keyCache", keys, capacity, kvHeads * headDim)
          .in("valueCache", values, capacity, kvHeads * valueDim)
          .in("begins", begins, to - from)
          .in("ends", ends, to - from)
          .out("o", to - from, heads * valueDim)
          .run(threads);
    }

    OneOp.Result backward(int threads, OneOp.Result forward) {
      return new OneOp(new AttentionGrad(heads, kvHeads, headDim, valueDim, scale))
          .in("q", q(), rows(), heads * headDim)
          .in("k", k(), rows(), kvHeads * headDim)
          .in("v", v(), rows(), kvHeads * valueDim)
          .in("firstRow", firstRow(), rows())
          .in("o", forward.get("o"), rows(), heads * valueDim)
          .in("lse", forward.get("lse"), rows(), heads)
          .in("dO", dO(), rows(), heads * valueDim)
          .out("dq", rows(), heads * headDim)
          .out("dk", rows(), kvHeads * headDim)
          .out("dv", rows(), kvHeads * valueDim)
          .run(threads);
    }
  }

  /** The same in double, forming every probability; gradients by the textbook formulas. */
  private static final class Expected {
    final double[] o;
    final double[] lse;
    final double[] dq;
    final double[] dk;
    final double[] dv;

    Expected(Case c) {
      int n = c.rows();
      o = new double[n * c.heads * c.valueDim];
      lse = new double[n * c.heads];
      dq = new double[n * c.heads * c.headDim];
      dk = new double[n * c.kvHeads * c.headDim];
      dv = new double[n * c.kvHeads * c.valueDim];
      float[] q = c.q();
      float[] k = c.k();
      float[] v = c.v();
      float[] dO = c.dO();
      int[] first = c.firstRow();
      for (int i = 0; i < n; i++) {
        for (int h = 0; h < c.heads; h++) {
          row(c, q, k, v, dO, first[i], i, h);
        }
      }
    }

    private void row(Case c, float[] q, float[] k, float[] v, float[] dO, int first, int i, int h) {
      int kv = h / (c.heads / c.kvHeads);
      int qo = (i * c.heads + h) * c.headDim;
      int oo = (i * c.heads + h) * c.valueDim;
      double[] p = new double[i + 1 - first];
      double sum = 0;
      for (int j = first; j <= i; j++) {
        double s = 0;
        for (int d = 0; d < c.headDim; d++) {
          s += (double) q[qo + d] * k[(j * c.kvHeads + kv) * c.headDim + d];
        }
        p[j - first] = Math.exp(s * c.scale);
        sum += p[j - first];
      }
      lse[i * c.heads + h] = Math.log(sum);
      double delta = 0;
      double[] dp = new double[p.length];
      for (int j = first; j <= i; j++) {
        p[j - first] /= sum;
        for (int d = 0; d < c.valueDim; d++) {
          int vo = (j * c.kvHeads + kv) * c.valueDim + d;
          o[oo + d] += p[j - first] * v[vo];
          dv[vo] += p[j - first] * dO[oo + d];
          dp[j - first] += (double) dO[oo + d] * v[vo];
        }
        delta += p[j - first] * dp[j - first];
      }
      for (int j = first; j <= i; j++) {
        double ds = p[j - first] * (dp[j - first] - delta) * c.scale;
        for (int d = 0; d < c.headDim; d++) {
          int ko = (j * c.kvHeads + kv) * c.headDim + d;
          dq[qo + d] += ds * k[ko];
          dk[ko] += ds * q[qo + d];
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1, 1",
    "13, 2, 1, 16, 16",
    "207, 4, 2, 20, 12",
    "5+1+130+71, 4, 4, 32, 48",
    "97+96+95, 2, 2, 64, 64",
    "40, 6, 2, 40, 33",
    "3+40, 130, 1, 8, 8",
    "300, 1, 1, 192, 128",
  })
  void matchesDoublePrecision(String lengths, int heads, int kvHeads, int headDim, int valueDim) {
    Case c = Case.of(lengths, heads, kvHeads, headDim, valueDim);
    Expected expected = new Expected(c);
    OneOp.Result forward = c.forward(2);
    Close.check("o", forward.get("o"), expected.o, 2e-6);
    Close.check("lse", forward.get("lse"), expected.lse, 2e-6);
    OneOp.Result backward = c.backward(2, forward);
    Close.check("dq", backward.get("dq"), expected.dq, 5e-6);
    Close.check("dk", backward.get("dk"), expected.dk, 5e-6);
    Close.check("dv", backward.get("dv"), expected.dv, 5e-6);
    OneOp.Result alone = c.forward(1);
    assertThat(alone.bits("o")).isEqualTo(forward.bits("o"));
    assertThat(alone.bits("lse")).isEqualTo(forward.bits("lse"));
    OneOp.Result aloneBackward = c.backward(1, forward);
    for (String g : new String[] {"dq", "dk", "dv"}) {
      assertThat(aloneBackward.bits(g)).as(g).isEqualTo(backward.bits(g));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "150, 4, 4, 24, 16, 0",
    "150, 4, 1, 32, 32, 7",
    "100+130, 4, 2, 20, 36, 3",
    "98, 2, 2, 64, 64, 0",
  })
  void cachedRowsHaveTheBitsOfPackedRows(
      String lengths, int heads, int kvHeads, int headDim, int valueDim, int offset) {
    Case c = Case.of(lengths, heads, kvHeads, headDim, valueDim);
    int[] all = c.forward(2).bits("o");
    int width = heads * valueDim;
    for (int from : new int[] {0, 1, 47, 95, 96}) {
      for (int count : new int[] {1, 2, 5, c.rows()}) {
        int to = Math.min(c.rows(), from + count);
        int[] some = c.cached(2, from, to, offset).bits("o");
        assertThat(some)
            .as("rows %d to %d", from, to)
            .isEqualTo(Arrays.copyOfRange(all, from * width, to * width));
      }
    }
  }

  @Test
  void rowsMaySeeAWindow() {
    int n = 130;
    int[] first = new int[n];
    double[] expected = new double[n];
    float[] v = OneOp.random(3, n, 1);
    for (int i = 0; i < n; i++) {
      first[i] = Math.max(0, i - i % 7);
      for (int j = first[i]; j <= i; j++) {
        expected[i] += v[j] / (i + 1 - first[i]);
      }
    }
    // Keys of zeros: every row is the mean of the values that it sees.
    OneOp.Result found =
        new OneOp(new Attention(1, 1, 1, 1, 1f))
            .in("q", OneOp.random(1, n, 1), n, 1)
            .in("k", new float[n], n, 1)
            .in("v", v, n, 1)
            .in("firstRow", first, n)
            .out("o", n, 1)
            .out("lse", n, 1)
            .run(2);
    Close.check("o", found.get("o"), expected, 1e-6);
  }

  @Test
  void refusesRowsThatAreNotThere() {
    OneOp cached =
        new OneOp(new CachedAttention(1, 1, 1, 1, 1f))
            .in("q", new float[2], 2, 1)
            .in("k", new float[4], 4, 1)
            .in("v", new float[4], 4, 1)
            .in("begins", new int[] {0, 2}, 2)
            .in("ends", new int[] {1, 5}, 2)
            .out("o", 2, 1);
    assertThatThrownBy(() -> cached.run(1))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("row 1 expected keys within 0..4, found 2..5");
    OneOp gradient =
        new OneOp(new AttentionGrad(1, 1, 1, 1, 1f))
            .in("q", new float[3], 3, 1)
            .in("k", new float[3], 3, 1)
            .in("v", new float[3], 3, 1)
            .in("firstRow", new int[] {0, 1, 0}, 3)
            .in("o", new float[3], 3, 1)
            .in("lse", new float[3], 3, 1)
            .in("dO", new float[3], 3, 1)
            .out("dq", 3, 1)
            .out("dk", 3, 1)
            .out("dv", 3, 1);
    assertThatThrownBy(() -> gradient.run(1))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("at row 2")
        .hasMessageContaining("found 0");
  }

  @Test
  void refusesAScaleThatTurnsTheOrderOfScores() {
    OneOp op =
        new OneOp(new Attention(1, 1, 1, 1, 0f))
            .in("q", new float[1], 1, 1)
            .in("k", new float[1], 1, 1)
            .in("v", new float[1], 1, 1)
            .in("firstRow", new int[1], 1)
            .out("o", 1, 1)
            .out("lse", 1, 1);
    assertThatThrownBy(() -> op.run(1))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("operation 'op' (Attention): expected a scale above 0, found 0.0");
  }
}
