package org.foretoken.kernels.reference;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.ConcatColumns;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.Embedding;
import org.foretoken.kernels.op.EmbeddingGrad;
import org.foretoken.kernels.op.ExpertBalance;
import org.foretoken.kernels.op.ExpertCombine;
import org.foretoken.kernels.op.ExpertCombineGrad;
import org.foretoken.kernels.op.ExpertDispatch;
import org.foretoken.kernels.op.ExpertDispatchGrad;
import org.foretoken.kernels.op.ExpertGate;
import org.foretoken.kernels.op.ExpertGateGrad;
import org.foretoken.kernels.op.ExpertMatMul;
import org.foretoken.kernels.op.ExpertOrder;
import org.foretoken.kernels.op.LatentHeads;
import org.foretoken.kernels.op.LatentHeadsGrad;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.RmsNormGrad;
import org.foretoken.kernels.op.Rope;
import org.foretoken.kernels.op.Segments;
import org.foretoken.kernels.op.SplitColumns;
import org.foretoken.kernels.op.SwiGlu;
import org.foretoken.kernels.op.SwiGluGrad;
import org.foretoken.kernels.op.Zero;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every gradient operation against central differences of its forward operation. */
class OperationGradientTest {
  private static void assertGood(List<GradientCheck.Result> results) {
    assertThat(results)
        .isNotEmpty()
        .allSatisfy(r -> assertThat(r.within(GradientCheck.TOLERANCE)).as(r.toString()).isTrue());
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "1,13,7", "5,8,3", "7,31,17"})
  void linear(int rows, int in, int out) {
    for (Precision precision : Precision.values()) {
      for (boolean accumulate : new boolean[] {false, true}) {
        Probe p = new Probe(rows + in);
        Tensor x = p.real("x", rows, in);
        Tensor w = p.real("w", out, in);
        Tensor y = p.zero("y", rows, out);
        p.node(new MatMul(Layout.NT, precision, false), List.of(x, w), y);
        Tensor dy = p.functional(y);
        Tensor dx = p.zero("dx", rows, in);
        Tensor dw = p.zero("dw", out, in);
        p.node(new MatMul(Layout.NN, precision, accumulate), List.of(dy, w), dx);
        p.node(new MatMul(Layout.TN, precision, accumulate), List.of(dy, x), dw);
        assertGood(p.check(x, dx, w, dw));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,33", "5,8", "9,40"})
  void rmsNorm(int rows, int width) {
    for (float eps : new float[] {1e-6f, 0.5f}) {
      Probe p = new Probe(width);
      Tensor x = p.real("x", rows, width);
      Tensor w = p.real("w", width);
      Tensor y = p.zero("y", rows, width);
      Tensor rstd = p.zero("rstd", rows);
      p.node(new RmsNorm(eps), List.of(x, w), y, rstd);
      Tensor dy = p.functional(y);
      Tensor dx = p.zero("dx", rows, width);
      Tensor dw = p.zero("dw", width);
      p.node(new RmsNormGrad(), List.of(x, w, rstd, dy), dx, dw);
      if (width > 1 || eps > 0.1f) {
        assertGood(p.check(x, dx, w, dw));
      } else {
        // One column: y = sign(x) * weight but for eps, so dx is all but zero.
        assertGood(p.check(w, dw));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,33", "6,21"})
  void swiGlu(int rows, int width) {
    Probe p = new Probe(width);
    Tensor gate = p.real("gate", rows, width);
    Tensor up = p.real("up", rows, width);
    Tensor y = p.zero("y", rows, width);
    p.node(new SwiGlu(), List.of(gate, up), y);
    Tensor dy = p.functional(y);
    Tensor dGate = p.zero("dGate", rows, width);
    Tensor dUp = p.zero("dUp", rows, width);
    p.node(new SwiGluGrad(), List.of(gate, up, dy), dGate, dUp);
    assertGood(p.check(gate, dGate, up, dUp));
  }

  @ParameterizedTest
  @CsvSource({"1,2,2", "1,8,4", "2,6,2", "3,10,10", "3,7,4"})
  void rope(int heads, int headDim, int rotaryDim) {
    int rows = 5;
    Probe p = new Probe(headDim);
    Tensor x = p.real("x", rows, heads * headDim);
    Tensor positions = p.ints("positions", 0, 1, 2, 17, 4095);
    Tensor y = p.zero("y", rows, heads * headDim);
    p.node(new Rope(heads, headDim, rotaryDim, 10000, false), List.of(x, positions), y);
    Tensor dy = p.functional(y);
    Tensor dx = p.zero("dx", rows, heads * headDim);
    p.node(new Rope(heads, headDim, rotaryDim, 10000, true), List.of(dy, positions), dx);
    assertGood(p.check(x, dx));
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,9", "12,5"})
  void embedding(int rows, int width) {
    Probe p = new Probe(width);
    int[] ids = new Random(rows).ints(rows, 0, 6).toArray();
    Tensor token = p.ints("ids", ids);
    Tensor table = p.real("table", 6, width);
    Tensor y = p.zero("y", rows, width);
    p.node(new Embedding(), List.of(token, table), y);
    Tensor dy = p.functional(y);
    Tensor dTable = p.zero("dTable", 6, width);
    p.node(new EmbeddingGrad(), List.of(token, dy), dTable);
    assertGood(p.check(table, dTable));
  }

  @Test
  void concatAndSplitAreEachOthersGradient() {
    Probe p = new Probe(3);
    Tensor a = p.real("a", 4, 3);
    Tensor b = p.real("b", 4, 5);
    Tensor y = p.zero("y", 4, 8);
    p.node(new ConcatColumns(), List.of(a, b), y);
    Tensor dy = p.functional(y);
    Tensor da = p.zero("da", 4, 3);
    Tensor db = p.zero("db", 4, 5);
    p.node(new SplitColumns(), List.of(dy), da, db);
    assertGood(p.check(a, da, b, db));
  }

  @ParameterizedTest
  @CsvSource({
    // rows, heads, kvHeads, headDim, valueDim, documents start at
    "1, 1, 1, 1, 1, 0",
    "1, 4, 2, 3, 5, 0",
    "6, 1, 1, 4, 4, 0",
    "7, 2, 2, 3, 6, 0 3",
    "9, 4, 2, 5, 2, 0 1 4 8",
    "8, 6, 1, 4, 3, 0 1 2 3 4 5 6 7",
    "11, 3, 3, 8, 8, 0 10",
  })
  void attention(int n, int heads, int kvHeads, int headDim, int valueDim, String starts) {
    Probe p = new Probe(n + heads);
    float scale = (float) (1 / Math.sqrt(headDim));
    Tensor q = p.real("q", n, heads * headDim);
    Tensor k = p.real("k", n, kvHeads * headDim);
    Tensor v = p.real("v", n, kvHeads * valueDim);
    int[] first = new int[n];
    for (String start : starts.split(" ")) {
      Arrays.fill(first, Integer.parseInt(start), n, Integer.parseInt(start));
    }
    Tensor firstRow = p.ints("firstRow", first);
    Tensor o = p.zero("o", n, heads * valueDim);
    Tensor lse = p.zero("lse", n, heads);
    p.node(
        new Attention(heads, kvHeads, headDim, valueDim, scale),
        List.of(q, k, v, firstRow),
        o,
        lse);
    Tensor dO = p.functional(o);
    Tensor dq = p.zero("dq", n, heads * headDim);
    Tensor dk = p.zero("dk", n, kvHeads * headDim);
    Tensor dv = p.zero("dv", n, kvHeads * valueDim);
    p.node(
        new AttentionGrad(heads, kvHeads, headDim, valueDim, scale),
        List.of(q, k, v, firstRow, o, lse, dO),
        dq,
        dk,
        dv);
    boolean everyDocumentHasOneRow = starts.split(" ").length == n;
    if (everyDocumentHasOneRow) {
      // A softmax over one row is 1 whatever the scores.
      assertThat(p.check(q, dq, k, dk)).allSatisfy(r -> assertThat(r.numeric()).isZero());
      assertThat(Arrays.stream(p.result(dq)).map(Math::abs).max().orElseThrow()).isLessThan(1e-12);
      assertThat(Arrays.stream(p.result(dk)).map(Math::abs).max().orElseThrow()).isLessThan(1e-12);
      assertGood(p.check(v, dv));
    } else {
      assertGood(p.check(q, dq, k, dk, v, dv));
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1,1,2,1", "1,3,4,2,5", "5,2,3,6,4", "7,4,6,2,6"})
  void latentHeads(int rows, int heads, int nope, int rope, int value) {
    Probe p = new Probe(rows + heads);
    Tensor kv = p.real("kv", rows, heads * (nope + value));
    Tensor kRope = p.real("kRope", rows, rope);
    Tensor k = p.zero("k", rows, heads * (nope + rope));
    Tensor v = p.zero("v", rows, heads * value);
    p.node(new LatentHeads(heads, nope, rope, value), List.of(kv, kRope), k, v);
    // One functional of both results: values and keys side by side.
    Tensor y = p.zero("y", rows, heads * (nope + rope + value));
    p.node(new ConcatColumns(), List.of(k, v), y);
    Tensor dy = p.functional(y);
    Tensor dk = p.zero("dk", rows, heads * (nope + rope));
    Tensor dv = p.zero("dv", rows, heads * value);
    p.node(new SplitColumns(), List.of(dy), dk, dv);
    Tensor dkv = p.zero("dkv", rows, heads * (nope + value));
    Tensor dkRope = p.zero("dkRope", rows, rope);
    p.node(new LatentHeadsGrad(heads, nope, rope, value), List.of(dk, dv), dkv, dkRope);
    assertGood(p.check(kv, dkv, kRope, dkRope));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void crossEntropyHead(Precision precision) {
    int[][] targetsOf = {{2}, {-1, 4, 0, -1, 2}, {1, 1, 1}, {-1, -1, 3}};
    for (int[] targets : targetsOf) {
      Probe p = new Probe(targets.length);
      Tensor hidden = p.real("hidden", targets.length, 6);
      Tensor weight = p.real("weight", 5, 6);
      Tensor target = p.ints("targets", targets);
      Tensor coefficient = p.values("coefficient", 0.3);
      Tensor stats = p.zero("stats", 4);
      Tensor dHidden = p.zero("dHidden", targets.length, 6);
      Tensor dWeight = p.zero("dWeight", 5, 6);
      p.node(
          new CrossEntropyHead(precision),
          List.of(hidden, weight, target, coefficient),
          stats,
          dHidden,
          dWeight);
      GradientCheck check =
          new GradientCheck(
              p.backend,
              () -> {
                p.run();
                return 0.3 * p.result(stats)[0] / p.result(stats)[1];
              });
      assertGood(check.gradients(Map.of("hidden", "dHidden", "weight", "dWeight")));
    }
  }

  private static Tensor i32(Probe p, String name, int... dims) {
    return p.graph.declare(name, DType.I32, Role.STATE, dims);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1,1,1", "4,6,2,3,2", "7,8,3,4,2", "9,12,4,1,1"})
  void experts(int rows, int experts, int perToken, int groups, int topk) {
    int in = 5;
    int out = 3;
    for (boolean normalize : new boolean[] {true, false}) {
      Probe p = new Probe(rows + experts);
      Tensor logits = p.real("logits", rows, experts);
      Tensor bias = p.real("bias", experts);
      Tensor x = p.real("x", rows, in);
      Tensor w = p.real("w", experts, out, in);
      Tensor scores = p.zero("scores", rows, experts);
      Tensor chosen = i32(p, "chosen", rows, perToken);
      Tensor gates = p.zero("gates", rows, perToken);
      p.node(
          new ExpertGate(perToken, groups, topk, normalize, 2.5f),
          List.of(logits, bias),
          scores,
          chosen,
          gates);
      Tensor positions = i32(p, "positions", rows, perToken);
      Tensor segments = i32(p, "segments", experts, Segments.WIDTH);
      p.node(new ExpertOrder(experts), List.of(chosen), positions, segments);
      Tensor grouped = p.zero("grouped", rows * perToken, in);
      p.node(new ExpertDispatch(), List.of(x, positions), grouped);
      Tensor made = p.zero("made", rows * perToken, out);
      p.node(
          new ExpertMatMul(Layout.NT, Precision.F32, false), List.of(grouped, w, segments), made);
      Tensor y = p.zero("y", rows, out);
      p.node(new ExpertCombine(), List.of(made, positions, gates), y);
      Tensor dy = p.functional(y);
      Tensor dMade = p.zero("dMade", rows * perToken, out);
      Tensor dGates = p.zero("dGates", rows, perToken);
      p.node(new ExpertCombineGrad(), List.of(made, positions, gates, dy), dMade, dGates);
      Tensor dGrouped = p.zero("dGrouped", rows * perToken, in);
      p.node(
          new ExpertMatMul(Layout.NN, Precision.F32, false), List.of(dMade, w, segments), dGrouped);
      Tensor dw = p.zero("dw", experts, out, in);
      p.node(
          new ExpertMatMul(Layout.TN, Precision.F32, false), List.of(dMade, grouped, segments), dw);
      Tensor dx = p.zero("dx", rows, in);
      p.node(new ExpertDispatchGrad(), List.of(dGrouped, positions), dx);
      Tensor dLogits = p.zero("dLogits", rows, experts);
      p.node(new ExpertGateGrad(normalize, 2.5f), List.of(scores, chosen, dGates), dLogits);
      assertGood(p.check(x, dx, w, dw));
      if (experts > 1 || !normalize) {
        assertGood(p.check(logits, dLogits)); // one expert's normalised gate is constant
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1,5,2", "6,4,1", "8,7,3"})
  void expertBalance(int rows, int experts, int perToken) {
    Probe p = new Probe(rows + experts);
    Tensor logits = p.real("logits", rows, experts);
    Tensor bias = p.zero("bias", experts);
    int[] first = new int[rows];
    Arrays.fill(first, rows / 3, rows, rows / 3);
    Tensor firstRow = p.ints("firstRow", first);
    Tensor coefficient = p.values("coefficient", 0.3);
    Tensor scores = p.zero("scores", rows, experts);
    p.node(
        new ExpertGate(perToken, 1, 1, true, 1),
        List.of(logits, bias),
        scores,
        i32(p, "chosen", rows, perToken),
        p.zero("gates", rows, perToken));
    Tensor balance = p.zero("balance", 1);
    Tensor dLogits = p.zero("dLogits", rows, experts);
    p.node(new Zero(), List.of(), dLogits);
    p.node(new ExpertBalance(perToken), List.of(scores, firstRow, coefficient), balance, dLogits);
    GradientCheck check =
        new GradientCheck(
            p.backend,
            () -> {
              p.run();
              return 0.3 * p.result(balance)[0];
            });
    assertGood(check.gradients(Map.of("logits", "dLogits")));
  }

  @Test
  void aWrongGradientIsFound() {
    Probe p = new Probe(1);
    Tensor x = p.real("x", 3, 4);
    Tensor w = p.real("w", 2, 4);
    Tensor y = p.zero("y", 3, 2);
    p.node(new MatMul(Layout.NT, Precision.F32, false), List.of(x, w), y);
    Tensor dy = p.functional(y);
    Tensor dx = p.zero("dx", 3, 4);
    p.node(new MatMul(Layout.NN, Precision.F32, false), List.of(dy, w), dx);
    p.run();
    double[] gradient = p.result(dx).clone();
    GradientCheck check = new GradientCheck(p.backend, p::run);
    assertThat(check.compare("x", gradient).within(GradientCheck.TOLERANCE)).isTrue();
    gradient[5] *= 1.0001;
    GradientCheck.Result wrong = check.compare("x", gradient);
    assertThat(wrong.within(GradientCheck.TOLERANCE)).isFalse();
    assertThat(wrong.worstIndex()).isEqualTo(5);
    assertThat(wrong.worstError()).isBetween(0.9e-4, 1.1e-4);
    gradient[5] = Double.NaN;
    assertThat(check.compare("x", gradient).within(1e9)).isFalse();
    assertThat(check.compare("x", gradient).worstIndex()).isEqualTo(5);
    GradientCheck sampled = new GradientCheck(p.backend, p::run, 2, 7);
    gradient[5] = 100;
    GradientCheck.Result unsampled = sampled.compare("x", gradient);
    assertThat(unsampled.elements()).isEqualTo(2);
    assertThat(unsampled.directionError()).isGreaterThan(0.1);
  }

  @Test
  void roundedProductsDoNotHaveUsefulDifferences() {
    Probe p = new Probe(1, false);
    Tensor x = p.real("x", 3, 4);
    Tensor w = p.real("w", 2, 4);
    Tensor y = p.zero("y", 3, 2);
    p.node(new MatMul(Layout.NT, Precision.BF16, false), List.of(x, w), y);
    Tensor dy = p.functional(y);
    Tensor dx = p.zero("dx", 3, 4);
    p.node(new MatMul(Layout.NN, Precision.BF16, false), List.of(dy, w), dx);
    assertThat(p.check(x, dx)).noneSatisfy(r -> assertThat(r.within(1e-5)).isTrue());
  }
}
