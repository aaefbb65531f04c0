package org.foretoken.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.foretoken.kernels.reference.ReferenceExecutable;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;
import org.foretoken.model.trunk.Rows;
import org.foretoken.model.trunk.TransformerBlock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A block with multi-head latent attention, forward and all gradients in double precision, against
 * the same block written by hand in LibTorch's operations and differentiated by its autograd.
 */
class LatentAttentionOracleTest {
  private static final double TOLERANCE = 1e-10;
  private static final int ROWS = 9;
  private static final int[] FIRST_ROW = {0, 0, 0, 0, 4, 4, 4, 4, 4};
  private static final int HIDDEN = 14;
  private static final String BLOCK = "model.layers.0.";

  private final Random random = new Random(7);
  private final Map<String, org.bytedeco.pytorch.Tensor> leaves = new HashMap<>();

  @ParameterizedTest
  @ValueSource(ints = {0, 5})
  void forwardAndGradientsAreThoseOfLibTorch(int qLoraRank) {
    AttentionConfig.Latent a = new AttentionConfig.Latent(3, qLoraRank, 8, 5, 4, 6);
    ModelConfig config = new ModelConfig("oracle", 256, HIDDEN, 1, a, 11, 100, 1e-3f, 0, true, 0.1);
    ModelLayout layout = ModelLayout.of(config);
    Graph graph = new Graph("block");
    Tape tape = new Tape(graph, layout, PrecisionTable.of(Recipe.FP32), true);
    Tensor x = graph.declare("x", DType.F32, Role.INPUT, ROWS, HIDDEN);
    Tensor dy = graph.declare("dy", DType.F32, Role.INPUT, ROWS, HIDDEN);
    Tensor y = TransformerBlock.apply(tape, config, BLOCK, x, Rows.Packed.declare(graph, ROWS));
    tape.addGradient(y, dy);
    tape.backward();
    String dx = tape.gradient(x).name();
    try (PointerScope scope = new PointerScope();
        ReferenceBackend backend = new ReferenceBackend(true)) {
      ReferenceExecutable step = backend.compile(graph.exposing(List.of(y.name(), dx)));
      fill(backend, "x", ROWS, HIDDEN);
      fill(backend, "dy", ROWS, HIDDEN);
      List<String> names = new ArrayList<>();
      for (ParameterSpec spec : layout.parameters()) {
        if (spec.name().startsWith(BLOCK)) {
          names.add(spec.name());
          fill(backend, spec.name(), spec.shape().dims());
        }
      }
      int[] positions = new int[ROWS];
      Arrays.setAll(positions, i -> i - FIRST_ROW[i]);
      System.arraycopy(positions, 0, backend.integers("rows.positions"), 0, ROWS);
      System.arraycopy(FIRST_ROW, 0, backend.integers("rows.first_row"), 0, ROWS);
      step.run();

      org.bytedeco.pytorch.Tensor expected = block(config, a, leaves.get("x"), positions);
      TorchDoubles.backward(expected, TorchDoubles.values(leaves.get("dy")));
      assertEqual(backend, y.name(), expected);
      assertEqual(backend, dx, leaves.get("x").grad());
      assertThat(names).hasSize(qLoraRank == 0 ? 10 : 12);
      for (String name : names) {
        assertEqual(backend, Tape.gradientName(name), leaves.get(name).grad());
      }
    }
  }

  private void fill(ReferenceBackend backend, String name, int... dims) {
    double[] values = backend.values(name);
    Arrays.setAll(values, i -> random.nextDouble() * 2 - 1);
    leaves.put(
        name, TorchDoubles.leaf(values.clone(), Arrays.stream(dims).asLongStream().toArray()));
  }

  private static void assertEqual(
      ReferenceBackend backend, String name, org.bytedeco.pytorch.Tensor expected) {
    assertThat(backend.values(name))
        .as(name)
        .containsExactly(TorchDoubles.values(expected), within(TOLERANCE));
  }

  private org.bytedeco.pytorch.Tensor block(
      ModelConfig config,
      AttentionConfig.Latent a,
      org.bytedeco.pytorch.Tensor x,
      int[] positions) {
    org.bytedeco.pytorch.Tensor in = norm(x, BLOCK + "input_layernorm.weight", config);
    org.bytedeco.pytorch.Tensor middle = x.add(attention(config, a, in, positions));
    org.bytedeco.pytorch.Tensor mlp =
        norm(middle, BLOCK + "post_attention_layernorm.weight", config);
    org.bytedeco.pytorch.Tensor gate = torch.silu(linear(mlp, BLOCK + "mlp.gate_proj.weight"));
    org.bytedeco.pytorch.Tensor up = linear(mlp, BLOCK + "mlp.up_proj.weight");
    return middle.add(linear(gate.mul(up), BLOCK + "mlp.down_proj.weight"));
  }

  private org.bytedeco.pytorch.Tensor attention(
      ModelConfig config,
      AttentionConfig.Latent a,
      org.bytedeco.pytorch.Tensor x,
      int[] positions) {
    String attn = BLOCK + "self_attn.";
    int nope = a.qkNopeHeadDim();
    int rope = a.qkRopeHeadDim();
    org.bytedeco.pytorch.Tensor q;
    if (a.qLoraRank() == 0) {
      q = linear(x, attn + "q_proj.weight");
    } else {
      org.bytedeco.pytorch.Tensor down = linear(x, attn + "q_a_proj.weight");
      q = linear(norm(down, attn + "q_a_layernorm.weight", config), attn + "q_b_proj.weight");
    }
    q = q.view(ROWS, a.heads(), nope + rope);
    org.bytedeco.pytorch.Tensor queries =
        cat(q.narrow(2, 0, nope), rotate(q.narrow(2, nope, rope), positions, config.ropeTheta()));
    org.bytedeco.pytorch.Tensor down = linear(x, attn + "kv_a_proj_with_mqa.weight");
    org.bytedeco.pytorch.Tensor latent =
        norm(
            down.narrow(1, 0, a.kvLoraRank()).contiguous(), attn + "kv_a_layernorm.weight", config);
    org.bytedeco.pytorch.Tensor key =
        rotate(
            down.narrow(1, a.kvLoraRank(), rope).contiguous().view(ROWS, 1, rope),
            positions,
            config.ropeTheta());
    org.bytedeco.pytorch.Tensor kv =
        linear(latent, attn + "kv_b_proj.weight").view(ROWS, a.heads(), nope + a.vHeadDim());
    org.bytedeco.pytorch.Tensor keys =
        cat(kv.narrow(2, 0, nope), key.expand(ROWS, a.heads(), rope));
    org.bytedeco.pytorch.Tensor values = kv.narrow(2, nope, a.vHeadDim());
    org.bytedeco.pytorch.Tensor o =
        torch.scaled_dot_product_attention(
            byHead(queries),
            byHead(keys),
            byHead(values),
            new TensorOptional(mask()),
            0,
            false,
            new DoubleOptional((float) (1 / Math.sqrt(nope + rope))),
            false);
    org.bytedeco.pytorch.Tensor rows =
        o.transpose(1, 2).contiguous().view(ROWS, (long) a.heads() * a.vHeadDim());
    return linear(rows, attn + "o_proj.weight");
  }

  private static org.bytedeco.pytorch.Tensor byHead(org.bytedeco.pytorch.Tensor x) {
    return x.transpose(0, 1).unsqueeze(0);
  }

  private static org.bytedeco.pytorch.Tensor mask() {
    double[] mask = new double[ROWS * ROWS];
    for (int i = 0; i < ROWS; i++) {
      for (int j = 0; j < ROWS; j++) {
        mask[i * ROWS + j] = j <= i && j >= FIRST_ROW[i] ? 0 : Double.NEGATIVE_INFINITY;
      }
    }
    return TorchDoubles.constant(mask, ROWS, ROWS);
  }

  /** x [rows, heads, d] with each adjacent pair turned, as complex numbers are multiplied. */
  private static org.bytedeco.pytorch.Tensor rotate(
      org.bytedeco.pytorch.Tensor x, int[] positions, double theta) {
    long heads = x.size(1);
    int d = Math.toIntExact(x.size(2));
    double[] cos = new double[ROWS * d / 2];
    double[] sin = new double[ROWS * d / 2];
    for (int i = 0; i < ROWS; i++) {
      for (int j = 0; j < d / 2; j++) {
        double angle = positions[i] * Math.pow(theta, -2.0 * j / d);
        cos[i * d / 2 + j] = Math.cos(angle);
        sin[i * d / 2 + j] = Math.sin(angle);
      }
    }
    org.bytedeco.pytorch.Tensor c = TorchDoubles.constant(cos, ROWS, 1, d / 2);
    org.bytedeco.pytorch.Tensor s = TorchDoubles.constant(sin, ROWS, 1, d / 2);
    org.bytedeco.pytorch.Tensor pairs = x.contiguous().view(ROWS, heads, d / 2, 2);
    org.bytedeco.pytorch.Tensor u = pairs.select(3, 0);
    org.bytedeco.pytorch.Tensor v = pairs.select(3, 1);
    org.bytedeco.pytorch.Tensor first = u.mul(c).sub(v.mul(s)).unsqueeze(3);
    org.bytedeco.pytorch.Tensor second = u.mul(s).add(v.mul(c)).unsqueeze(3);
    return torch.cat(new TensorVector(first, second), 3).view(ROWS, heads, d);
  }

  private static org.bytedeco.pytorch.Tensor cat(
      org.bytedeco.pytorch.Tensor a, org.bytedeco.pytorch.Tensor b) {
    return torch.cat(new TensorVector(a, b), 2);
  }

  private org.bytedeco.pytorch.Tensor linear(org.bytedeco.pytorch.Tensor x, String weight) {
    return x.matmul(leaves.get(weight).t());
  }

  private org.bytedeco.pytorch.Tensor norm(
      org.bytedeco.pytorch.Tensor x, String weight, ModelConfig config) {
    org.bytedeco.pytorch.Tensor w = leaves.get(weight);
    return torch.rms_norm(
        x, new long[] {w.size(0)}, new TensorOptional(w), new DoubleOptional(config.rmsNormEps()));
  }
}
