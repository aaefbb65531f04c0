package org.foretoken.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.global.torch;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.foretoken.kernels.reference.ReferenceExecutable;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;
import org.foretoken.model.trunk.MixtureOfExperts;
import org.foretoken.model.trunk.Rows;
import org.junit.jupiter.api.Test;

/**
 * A whole mixture of experts, forward and backward, against one written by hand with LibTorch's
 * operations: every expert on every row, weighted by gates that are 0 for experts not selected, and
 * the gradients that its autograd makes of that.
 */
class ExpertOracleTest {
  private static final double TOLERANCE = 1e-11;
  private static final int ROWS = 11;
  private static final int WIDTH = 6;
  private static final int INNER = 5;
  private static final int EXPERTS = 8;
  private static final int PER_TOKEN = 3;
  private static final int GROUPS = 4;
  private static final int TOPK_GROUP = 2;
  private static final double SCALE = 2.5;
  private static final double ALPHA = 0.25;
  private static final String MLP = "model.layers.0.mlp.";

  private final Map<String, double[]> values = new HashMap<>();
  private final Map<String, org.bytedeco.pytorch.Tensor> leaves = new HashMap<>();
  private final ReferenceBackend backend = new ReferenceBackend(true);

  @Test
  void forwardAndGradients() {
    FeedForwardConfig.MixtureOfExperts experts =
        new FeedForwardConfig.MixtureOfExperts(
            EXPERTS, 2, PER_TOKEN, INNER, GROUPS, TOPK_GROUP, true, SCALE, 1e-3, ALPHA, 0);
    ModelConfig model =
        new ModelConfig(
                "oracle",
                256,
                WIDTH,
                1,
                new AttentionConfig.GroupedQuery(1, 1, 2),
                7,
                1e4,
                1e-6f,
                0,
                true,
                0.1)
            .withFeedForward(experts);
    Graph graph = new Graph("oracle");
    ModelLayout layout = ModelLayout.of(model);
    Tape tape = new Tape(graph, layout, PrecisionTable.of(Recipe.FP32), true);
    Tensor x = graph.declare("x", DType.F32, Role.INPUT, ROWS, WIDTH);
    Tensor dy = graph.declare("dy", DType.F32, Role.INPUT, ROWS, WIDTH);
    Tensor y = MixtureOfExperts.apply(tape, experts, MLP, x, Rows.Packed.declare(graph, ROWS));
    tape.addGradient(y, dy);
    tape.backward();
    Tensor dx = tape.gradient(x);
    ReferenceExecutable run =
        backend.compile(graph.exposing(java.util.List.of(y.name(), dx.name())));
    fill(layout);
    int[] firstRow = {0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4};
    System.arraycopy(firstRow, 0, backend.integers("rows.first_row"), 0, ROWS);
    backend.values(MixtureOfExperts.BALANCE_COEFFICIENT)[0] = ALPHA;
    run.run();

    try (PointerScope scope = new PointerScope()) {
      org.bytedeco.pytorch.Tensor balance = torchBalance();
      org.bytedeco.pytorch.Tensor torchY = torchLayer();
      org.bytedeco.pytorch.Tensor weight = TorchDoubles.constant(values.get("dy"), ROWS, WIDTH);
      torchY.mul(weight).sum().add(balance.mul(new Scalar(ALPHA))).backward();
      assertEqual(y.name(), torchY);
      assertEqual(MixtureOfExperts.balanceName(MLP), balance);
      assertEqual(dx.name(), leaves.get("x").grad());
      assertThat(layout.parameters()).filteredOn(p -> p.name().startsWith(MLP)).hasSize(7);
      for (ParameterSpec p : layout.parameters()) {
        if (p.name().startsWith(MLP)) {
          assertEqual(Tape.gradientName(p.name()), leaves.get(p.name()).grad());
        }
      }
    }
  }

  private void fill(ModelLayout layout) {
    Random random = new Random(3);
    put("x", random, 2);
    put("dy", random, 2);
    layout
        .tensors()
        .filter(p -> p.name().startsWith(MLP))
        .forEach(p -> put(p.name(), random, p.trained() ? 1 : 0.2));
  }

  private void put(String name, Random random, double range) {
    double[] target = backend.values(name);
    double[] v = random.doubles(target.length, -range, range).toArray();
    System.arraycopy(v, 0, target, 0, v.length);
    values.put(name, v);
  }

  private org.bytedeco.pytorch.Tensor leaf(String name, long... shape) {
    return leaves.computeIfAbsent(name, n -> TorchDoubles.leaf(values.get(n), shape));
  }

  private org.bytedeco.pytorch.Tensor scores() {
    org.bytedeco.pytorch.Tensor router = leaf(MLP + "gate.weight", EXPERTS, WIDTH);
    return torch.sigmoid(leaf("x", ROWS, WIDTH).matmul(router.t()));
  }

  private static org.bytedeco.pytorch.Tensor mask(org.bytedeco.pytorch.Tensor values, int count) {
    T_TensorTensor_T top = torch.topk(values.detach(), count, -1, true, true);
    return torch.zeros_like(values.detach()).scatter(-1, top.get1(), new Scalar(1.0));
  }

  private org.bytedeco.pytorch.Tensor torchLayer() {
    org.bytedeco.pytorch.Tensor s = scores();
    org.bytedeco.pytorch.Tensor bias =
        TorchDoubles.constant(values.get(MLP + "gate.e_score_correction_bias"), EXPERTS);
    org.bytedeco.pytorch.Tensor biased = s.detach().add(bias);
    org.bytedeco.pytorch.Tensor byGroup = biased.view(ROWS, GROUPS, EXPERTS / GROUPS);
    org.bytedeco.pytorch.Tensor groupScores =
        torch.topk(byGroup, 2, -1, true, true).get0().sum(-1L);
    org.bytedeco.pytorch.Tensor groupMask =
        mask(groupScores, TOPK_GROUP)
            .unsqueeze(-1)
            .expand(new long[] {ROWS, GROUPS, EXPERTS / GROUPS}, false)
            .reshape(ROWS, EXPERTS);
    // Scores + bias lie above -1: what is not eligible falls below all of them.
    org.bytedeco.pytorch.Tensor eligible =
        biased.sub(groupMask.neg().add(new Scalar(1.0)).mul(new Scalar(100.0)));
    org.bytedeco.pytorch.Tensor kept = s.mul(mask(eligible, PER_TOKEN));
    org.bytedeco.pytorch.Tensor gates =
        kept.div(kept.sum(new long[] {-1}, true, new org.bytedeco.pytorch.ScalarTypeOptional()))
            .mul(new Scalar(SCALE));
    org.bytedeco.pytorch.Tensor y =
        network(
            leaf(MLP + "shared_experts.gate_proj.weight", 2 * INNER, WIDTH),
            leaf(MLP + "shared_experts.up_proj.weight", 2 * INNER, WIDTH),
            leaf(MLP + "shared_experts.down_proj.weight", WIDTH, 2 * INNER));
    for (int e = 0; e < EXPERTS; e++) {
      org.bytedeco.pytorch.Tensor made =
          network(
              leaf(MLP + "experts.gate_proj.weight", EXPERTS, INNER, WIDTH).select(0, e),
              leaf(MLP + "experts.up_proj.weight", EXPERTS, INNER, WIDTH).select(0, e),
              leaf(MLP + "experts.down_proj.weight", EXPERTS, WIDTH, INNER).select(0, e));
      y = y.add(made.mul(gates.select(1, e).unsqueeze(1)));
    }
    return y;
  }

  private org.bytedeco.pytorch.Tensor network(
      org.bytedeco.pytorch.Tensor gate,
      org.bytedeco.pytorch.Tensor up,
      org.bytedeco.pytorch.Tensor down) {
    org.bytedeco.pytorch.Tensor x = leaf("x", ROWS, WIDTH);
    return torch.silu(x.matmul(gate.t())).mul(x.matmul(up.t())).matmul(down.t());
  }

  /** Equations 17 to 20 for two sequences of 4 and 7 rows, weighted by their rows. */
  private org.bytedeco.pytorch.Tensor torchBalance() {
    org.bytedeco.pytorch.Tensor s = scores();
    org.bytedeco.pytorch.Tensor sum = null;
    for (int[] part : new int[][] {{0, 4}, {4, 7}}) {
      org.bytedeco.pytorch.Tensor mine = s.narrow(0, part[0], part[1]);
      org.bytedeco.pytorch.Tensor shares =
          mine.div(mine.sum(new long[] {-1}, true, new org.bytedeco.pytorch.ScalarTypeOptional()));
      org.bytedeco.pytorch.Tensor f =
          mask(mine, PER_TOKEN).sum(0L).mul(new Scalar((double) EXPERTS / PER_TOKEN / part[1]));
      org.bytedeco.pytorch.Tensor p = shares.sum(0L).mul(new Scalar(1.0 / part[1]));
      org.bytedeco.pytorch.Tensor one = f.mul(p).sum().mul(new Scalar((double) part[1] / ROWS));
      sum = sum == null ? one : sum.add(one);
    }
    return sum;
  }

  private void assertEqual(String name, org.bytedeco.pytorch.Tensor expected) {
    assertThat(backend.values(name))
        .as(name)
        .containsExactly(TorchDoubles.values(expected), within(TOLERANCE));
  }
}
