package org.foretoken.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.AdamW;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.Embedding;
import org.foretoken.kernels.op.EmbeddingGrad;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.RmsNormGrad;
import org.foretoken.kernels.op.SumSquares;
import org.foretoken.kernels.op.SwiGlu;
import org.foretoken.kernels.op.SwiGluGrad;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.foretoken.kernels.reference.ReferenceExecutable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The reference operations, which every device is held to, against LibTorch's own operations and
 * its autograd, all in double precision.
 */
class OperationOracleTest {
  private static final double TOLERANCE = 1e-11;

  private final Random random = new Random(1);
  private final Graph graph = new Graph("oracle");
  private final ReferenceBackend backend = new ReferenceBackend(true);
  private final Map<String, double[]> values = new HashMap<>();
  private final Map<String, int[]> integers = new HashMap<>();
  private PointerScope scope;

  @BeforeEach
  void open() {
    scope = new PointerScope();
  }

  @AfterEach
  void close() {
    scope.close();
    backend.close();
  }

  private Tensor real(String name, int... dims) {
    Tensor t = zero(name, dims);
    values.put(name, random.doubles(t.shape().elements(), -2, 2).toArray());
    return t;
  }

  private Tensor zero(String name, int... dims) {
    return graph.declare(name, DType.F32, Role.STATE, dims);
  }

  private Tensor ints(String name, int... ids) {
    integers.put(name, ids);
    return graph.declare(name, DType.I32, Role.INPUT, ids.length);
  }

  private ReferenceExecutable compile() {
    ReferenceExecutable executable = backend.compile(graph);
    values.forEach((name, v) -> System.arraycopy(v, 0, backend.values(name), 0, v.length));
    integers.forEach((name, v) -> System.arraycopy(v, 0, backend.integers(name), 0, v.length));
    return executable;
  }

  private org.bytedeco.pytorch.Tensor leaf(Tensor t) {
    long[] shape = Arrays.stream(t.shape().dims()).asLongStream().toArray();
    return TorchDoubles.leaf(values.get(t.name()), shape);
  }

  private void assertEqual(Tensor t, org.bytedeco.pytorch.Tensor expected) {
    assertThat(backend.values(t.name()))
        .as(t.name())
        .containsExactly(TorchDoubles.values(expected), within(TOLERANCE));
  }

  @Test
  void rmsNorm() {
    Tensor x = real("x", 5, 33);
    Tensor w = real("w", 33);
    Tensor dy = real("dy", 5, 33);
    Tensor y = zero("y", 5, 33);
    Tensor rstd = zero("rstd", 5);
    Tensor dx = zero("dx", 5, 33);
    Tensor dw = zero("dw", 33);
    graph.add("f", new RmsNorm(0.01f), List.of(x, w), List.of(y, rstd));
    graph.add("g", new RmsNormGrad(), List.of(x, w, rstd, dy), List.of(dx, dw));
    compile().run();

    org.bytedeco.pytorch.Tensor tx = leaf(x);
    org.bytedeco.pytorch.Tensor tw = leaf(w);
    org.bytedeco.pytorch.Tensor ty =
        torch.rms_norm(tx, new long[] {33}, new TensorOptional(tw), new DoubleOptional(0.01f));
    TorchDoubles.backward(ty, values.get("dy"));
    assertEqual(y, ty);
    assertEqual(dx, tx.grad());
    assertEqual(dw, tw.grad());
  }

  @Test
  void swiGlu() {
    Tensor gate = real("gate", 4, 9);
    Tensor up = real("up", 4, 9);
    Tensor dy = real("dy", 4, 9);
    Tensor y = zero("y", 4, 9);
    Tensor dGate = zero("dGate", 4, 9);
    Tensor dUp = zero("dUp", 4, 9);
    graph.add("f", new SwiGlu(), List.of(gate, up), List.of(y));
    graph.add("g", new SwiGluGrad(), List.of(gate, up, dy), List.of(dGate, dUp));
    compile().run();

    org.bytedeco.pytorch.Tensor tGate = leaf(gate);
    org.bytedeco.pytorch.Tensor tUp = leaf(up);
    org.bytedeco.pytorch.Tensor ty = torch.silu(tGate).mul(tUp);
    TorchDoubles.backward(ty, values.get("dy"));
    assertEqual(y, ty);
    assertEqual(dGate, tGate.grad());
    assertEqual(dUp, tUp.grad());
  }

  @Test
  void embedding() {
    int[] ids = {3, 0, 3, 5, 3};
    Tensor token = ints("ids", ids);
    Tensor table = real("table", 6, 7);
    Tensor dy = real("dy", 5, 7);
    Tensor y = zero("y", 5, 7);
    Tensor dTable = zero("dTable", 6, 7);
    graph.add("f", new Embedding(), List.of(token, table), List.of(y));
    graph.add("g", new EmbeddingGrad(), List.of(token, dy), List.of(dTable));
    compile().run();

    org.bytedeco.pytorch.Tensor tTable = leaf(table);
    org.bytedeco.pytorch.Tensor ty = torch.embedding(tTable, TorchDoubles.integers(ids));
    TorchDoubles.backward(ty, values.get("dy"));
    assertEqual(y, ty);
    assertEqual(dTable, tTable.grad());
  }

  @Test
  void attentionOfSeveralDocumentsWithSharedKeyHeads() {
    int n = 11;
    int heads = 6;
    int kvHeads = 2;
    int headDim = 5;
    int valueDim = 3;
    int[] firstRow = {0, 0, 0, 0, 4, 5, 5, 5, 5, 5, 5};
    Tensor q = real("q", n, heads * headDim);
    Tensor k = real("k", n, kvHeads * headDim);
    Tensor v = real("v", n, kvHeads * valueDim);
    Tensor dO = real("dO", n, heads * valueDim);
    Tensor first = ints("firstRow", firstRow);
    Tensor o = zero("o", n, heads * valueDim);
    Tensor lse = zero("lse", n, heads);
    Tensor dq = zero("dq", n, heads * headDim);
    Tensor dk = zero("dk", n, kvHeads * headDim);
    Tensor dv = zero("dv", n, kvHeads * valueDim);
    graph.add(
        "f",
        new Attention(heads, kvHeads, headDim, valueDim, 0.5f),
        List.of(q, k, v, first),
        List.of(o, lse));
    graph.add(
        "g",
        new AttentionGrad(heads, kvHeads, headDim, valueDim, 0.5f),
        List.of(q, k, v, first, o, lse, dO),
        List.of(dq, dk, dv));
    compile().run();

    org.bytedeco.pytorch.Tensor tq = leaf(q);
    org.bytedeco.pytorch.Tensor tk = leaf(k);
    org.bytedeco.pytorch.Tensor tv = leaf(v);
    double[] mask = new double[n * n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        mask[i * n + j] = j <= i && j >= firstRow[i] ? 0 : Double.NEGATIVE_INFINITY;
      }
    }
    org.bytedeco.pytorch.Tensor to =
        torch
            .scaled_dot_product_attention(
                byHead(tq, heads, heads, headDim),
                byHead(tk, kvHeads, heads, headDim),
                byHead(tv, kvHeads, heads, valueDim),
                new TensorOptional(TorchDoubles.constant(mask, n, n)),
                0,
                false,
                new DoubleOptional(0.5),
                false)
            .transpose(1, 2)
            .contiguous()
            .view(n, (long) heads * valueDim);
    TorchDoubles.backward(to, values.get("dO"));
    assertEqual(o, to);
    assertEqual(dq, tq.grad());
    assertEqual(dk, tk.grad());
    assertEqual(dv, tv.grad());
  }

  /**
   * [N, heads * dim] as [1, queryHeads, N, dim], key heads repeated for the queries sharing them.
   */
  private static org.bytedeco.pytorch.Tensor byHead(
      org.bytedeco.pytorch.Tensor x, int heads, int queryHeads, int dim) {
    org.bytedeco.pytorch.Tensor split = x.view(1, -1, heads, dim).transpose(1, 2);
    return split.repeat_interleave(queryHeads / heads, new LongOptional(1), new LongOptional());
  }

  @Test
  void crossEntropyHead() {
    int[] targets = {4, -1, 0, 2, -1, 7};
    Tensor hidden = real("hidden", 6, 5);
    Tensor weight = real("weight", 8, 5);
    Tensor target = ints("targets", targets);
    Tensor coefficient = real("coefficient", 1);
    Tensor stats = zero("stats", 4);
    Tensor dHidden = zero("dHidden", 6, 5);
    Tensor dWeight = zero("dWeight", 8, 5);
    graph.add(
        "head",
        new CrossEntropyHead(Precision.BF16),
        List.of(hidden, weight, target, coefficient),
        List.of(stats, dHidden, dWeight));
    compile().run();

    org.bytedeco.pytorch.Tensor tHidden = leaf(hidden);
    org.bytedeco.pytorch.Tensor tWeight = leaf(weight);
    int mean = 1;
    org.bytedeco.pytorch.Tensor logits = tHidden.matmul(tWeight.t());
    org.bytedeco.pytorch.Tensor loss =
        torch.cross_entropy_loss(
            logits, TorchDoubles.integers(targets), new TensorOptional(), mean, -1, 0);
    loss.mul(new Scalar(values.get("coefficient")[0])).backward();
    double[] got = backend.values("stats");
    assertThat(got[1]).isEqualTo(4);
    assertThat(got[0] / got[1]).isCloseTo(TorchDoubles.values(loss)[0], within(TOLERANCE));
    assertEqual(dHidden, tHidden.grad());
    assertEqual(dWeight, tWeight.grad());
  }

  @Test
  void adamWOfSeveralSteps() {
    Tensor g = real("g", 50);
    Tensor param = real("param", 50);
    Tensor m = zero("m", 50);
    Tensor v = zero("v", 50);
    Tensor hyper = zero("hyper", 8);
    Tensor squares = zero("squares", 1);
    graph.add("norm", new SumSquares(), List.of(g), List.of(squares));
    graph.add("step", new AdamW(true), List.of(g, hyper, squares), List.of(param, m, v));
    ReferenceExecutable step = compile();

    org.bytedeco.pytorch.Tensor tParam = leaf(param);
    AdamWOptions options = new AdamWOptions(0.01);
    // LibTorch's default betas: a Java caller cannot tell the order of a std::tuple in memory.
    options.eps().put(1e-6);
    options.weight_decay().put(0.3);
    try (org.bytedeco.pytorch.AdamW optimizer =
        new org.bytedeco.pytorch.AdamW(new TensorVector(tParam), options)) {
      for (int t = 1; t <= 4; t++) {
        double[] gradient = random.doubles(50, -1, 1).toArray();
        double norm = Math.sqrt(Arrays.stream(gradient).map(x -> x * x).sum());
        double largest = 3;
        assertThat(norm).as("clipping is part of the check").isGreaterThan(largest);

        System.arraycopy(gradient, 0, backend.values("g"), 0, 50);
        double[] h = {
          0.01, 0.9, 0.999, 1e-6, 0.3, 1 - Math.pow(0.9, t), 1 - Math.pow(0.999, t), largest
        };
        System.arraycopy(h, 0, backend.values("hyper"), 0, 8);
        backend.values("squares")[0] = 0;
        step.run();

        optimizer.zero_grad();
        double[] clipped = Arrays.stream(gradient).map(x -> x * largest / norm).toArray();
        tParam.mul(TorchDoubles.constant(clipped, 50)).sum().backward();
        optimizer.step();
        assertEqual(param, tParam);
      }
    }
  }
}
