package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.foretoken.fp8.Bf16;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.CrossEntropyEval;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostCrossEntropyHeadTest {
  private static final float COEFFICIENT = 0.7f;

  private static int[] targets(int n, int v) {
    int[] t = new int[n];
    for (int i = 0; i < n; i++) {
      t[i] = i % 5 == 3 ? -1 : i * 31 % v;
    }
    return t;
  }

  private static OneOp train(
      Precision precision, float[] hidden, float[] weight, int[] targets, float[] dWeight, int e) {
    int n = targets.length;
    int v = weight.length / e;
    return new OneOp(new CrossEntropyHead(precision))
        .in("hidden", hidden, n, e)
        .in("weight", weight, v, e)
        .in("targets", targets, n)
        .in("coefficient", new float[] {COEFFICIENT}, 1)
        .out("stats", 4)
        .out("dHidden", n, e)
        .update("dWeight", dWeight, v, e);
  }

  private static OneOp eval(float[] hidden, float[] weight, int[] targets, int e) {
    int n = targets.length;
    int v = weight.length / e;
    return new OneOp(new CrossEntropyEval(Precision.F32))
        .in("hidden", hidden, n, e)
        .in("weight", weight, v, e)
        .in("targets", targets, n)
        .out("stats", 4)
        .out("nll", n);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,F32",
    "13,207,40,F32",
    "207,13,20,F32",
    "1100,65,8,F32",
    "70,40000,3,F32",
    "70,100,40,BF16"
  })
  void lossAndGradientsMatchDoublePrecision(int n, int v, int e, Precision precision) {
    float[] hidden = OneOp.random(1, n * e, 1);
    float[] weight = OneOp.random(2, v * e, 1);
    if (precision == Precision.BF16) {
      for (float[] x : new float[][] {hidden, weight}) {
        for (int i = 0; i < x.length; i++) {
          x[i] = Bf16.round(x[i]);
        }
      }
    }
    int[] targets = targets(n, v);
    float[] dWeight = OneOp.random(3, v * e, 0.01);
    Expected expected = new Expected(hidden, weight, targets, dWeight, e);

    OneOp op = train(precision, hidden, weight, targets, dWeight, e);
    OneOp.Result two = op.run(2);
    float[] stats = two.get("stats");
    assertThat((double) stats[0])
        .isCloseTo(expected.loss, org.assertj.core.data.Offset.offset(1e-5 * expected.loss + 1e-6));
    assertThat(stats[1]).isEqualTo(expected.counted);
    assertThat(stats[2]).isEqualTo(expected.correct);
    assertThat(stats[3]).isEqualTo(0f);
    // In BF16 dLogits are rounded on their way into the products: 2^-9 each.
    double tolerance = precision == Precision.BF16 ? 4e-3 : 5e-6;
    Close.check("dHidden", two.get("dHidden"), expected.dHidden, tolerance);
    Close.check("dWeight", two.get("dWeight"), expected.dWeight, tolerance);
    OneOp.Result one = op.run(1);
    for (String name : new String[] {"stats", "dHidden", "dWeight"}) {
      assertThat(one.bits(name)).as(name).isEqualTo(two.bits(name));
    }
    OneOp.Result eval = eval(hidden, weight, targets, e).run(2);
    Close.check("nll", eval.get("nll"), expected.nll, 2e-6);
    if (precision == Precision.F32) {
      assertThat(eval.bits("stats")).isEqualTo(two.bits("stats"));
    }
  }

  private static final class Expected {
    final double[] nll;
    final double[] dHidden;
    final double[] dWeight;
    double loss;
    int counted;
    int correct;

    Expected(float[] hidden, float[] weight, int[] targets, float[] dWeight, int e) {
      int n = targets.length;
      int v = weight.length / e;
      nll = new double[n];
      dHidden = new double[n * e];
      this.dWeight = new double[v * e];
      for (int i = 0; i < v * e; i++) {
        this.dWeight[i] = dWeight[i];
      }
      counted = (int) Arrays.stream(targets).filter(t -> t >= 0).count();
      for (int i = 0; i < n; i++) {
        if (targets[i] >= 0) {
          row(hidden, weight, targets[i], i, v, e);
        }
      }
    }

    private void row(float[] hidden, float[] weight, int target, int i, int v, int e) {
      double[] logits = new double[v];
      double sum = 0;
      int best = 0;
      for (int j = 0; j < v; j++) {
        for (int c = 0; c < e; c++) {
          logits[j] += (double) hidden[i * e + c] * weight[j * e + c];
        }
        best = logits[j] > logits[best] ? j : best;
        sum += Math.exp(logits[j]);
      }
      nll[i] = Math.log(sum) - logits[target];
      loss += nll[i];
      correct += best == target ? 1 : 0;
      for (int j = 0; j < v; j++) {
        double d = (Math.exp(logits[j]) / sum - (j == target ? 1 : 0)) * COEFFICIENT / counted;
        for (int c = 0; c < e; c++) {
          dHidden[i * e + c] += d * weight[j * e + c];
          dWeight[j * e + c] += d * hidden[i * e + c];
        }
      }
    }
  }

  @Test
  void rowsWithoutTargetGiveNothing() {
    int[] none = new int[700];
    Arrays.fill(none, -1);
    float[] dWeight = OneOp.random(3, 10 * 4, 1);
    float[] hidden = OneOp.random(1, 700 * 4, 1);
    float[] weight = OneOp.random(2, 10 * 4, 1);
    OneOp.Result found = train(Precision.F32, hidden, weight, none, dWeight, 4).run(2);
    assertThat(found.get("stats")).containsExactly(0f, 0f, 0f, 0f);
    assertThat(found.get("dHidden")).containsOnly(0f);
    assertThat(found.get("dWeight")).isEqualTo(dWeight);
  }

  @Test
  void aMaskedRowHasZeroGradientAndTheOthersDoNotSeeIt() {
    float[] hidden = OneOp.random(1, 3 * 4, 1);
    float[] weight = OneOp.random(2, 10 * 4, 1);
    hidden[4] = 1000f;
    OneOp.Result all =
        train(Precision.F32, hidden, weight, new int[] {1, -1, 2}, new float[40], 4).run(1);
    assertThat(OneOp.rows(all.get("dHidden"), 4, 1, 2)).containsOnly(0f);
    hidden[4] = -3f;
    OneOp.Result other =
        train(Precision.F32, hidden, weight, new int[] {1, -1, 2}, new float[40], 4).run(1);
    assertThat(other.bits("dWeight")).isEqualTo(all.bits("dWeight"));
    assertThat(other.bits("stats")).isEqualTo(all.bits("stats"));
  }

  @Test
  void aRowHasTheSameLossWhateverTheNumberOfRows() {
    float[] hidden = OneOp.random(1, 600 * 20, 1);
    float[] weight = OneOp.random(2, 77 * 20, 1);
    int[] targets = targets(600, 77);
    int[] all = eval(hidden, weight, targets, 20).run(2).bits("nll");
    for (int i : new int[] {0, 511, 512, 599}) {
      float[] row = OneOp.rows(hidden, 20, i, i + 1);
      int[] one = eval(row, weight, new int[] {targets[i]}, 20).run(1).bits("nll");
      assertThat(one[0]).isEqualTo(all[i]);
    }
  }

  @Test
  void equalLogitsCountForTheFirst() {
    OneOp.Result found = eval(new float[2 * 4], new float[10 * 4], new int[] {0, 3}, 4).run(1);
    assertThat(found.get("stats")[2]).isEqualTo(1f);
  }

  @Test
  void refusesTargetsOutsideTheVocabulary() {
    OneOp op = eval(new float[2 * 4], new float[10 * 4], new int[] {0, 10}, 4);
    assertThatThrownBy(() -> op.run(1))
        .isInstanceOf(GraphException.class)
        .hasMessageContaining("found 10 at 1");
  }
}
