package org.foretoken.model.nn;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.foretoken.fp8.Bf16;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.kernels.op.Add;
import org.foretoken.model.TestModels;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.Recompute;
import org.foretoken.model.train.TrainGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What lives from the forward to the backward pass is what the precision plan says. */
class ActivationCacheTest {
  private static final int ROWS = 16;

  /** Transients of one block that are alive while the head computes the loss, by name. */
  private static Map<String, DType> kept(Recipe recipe) {
    ModelConfig config = TestModels.small(0, true);
    Graph graph =
        TrainGraph.gradients(config, ModelLayout.of(config), PrecisionTable.of(recipe), ROWS);
    MemoryPlan plan = MemoryPlan.of(graph);
    int head =
        graph.nodes().stream()
            .filter(n -> n.label().equals("head.0"))
            .mapToInt(Node::index)
            .findFirst()
            .orElseThrow();
    String block = ParameterNames.block(1);
    Map<String, DType> alive = new TreeMap<>();
    for (Tensor t : graph.tensors()) {
      boolean across =
          t.role() == Role.TRANSIENT && plan.firstNode(t) < head && plan.lastNode(t) > head;
      if (across && t.name().startsWith(block) && !t.name().contains("scales")) {
        alive.put(t.name().substring(block.length()), t.dtype());
      }
    }
    return alive;
  }

  @Test
  void deepSeeksTableIsWhatTrainingKeeps() {
    Map<String, DType> expected = common();
    expected.put("input_layernorm.out.columns", DType.E4M3);
    expected.put("post_attention_layernorm.out.columns", DType.E4M3);
    expected.put("self_attn.attention.kept", DType.E5M6);
    expected.put("mlp.gate_proj.out.kept", DType.E4M3);
    expected.put("mlp.up_proj.out.kept", DType.E4M3);
    assertThat(kept(Recipe.DEEPSEEK)).isEqualTo(expected);
  }

  @Test
  void inBf16LinearInputsAreKeptInBf16() {
    Map<String, DType> expected = common();
    expected.put("input_layernorm.out.bf16", DType.BF16);
    expected.put("post_attention_layernorm.out.bf16", DType.BF16);
    expected.put("self_attn.attention.bf16", DType.BF16);
    expected.put("mlp.gate_proj.out.bf16", DType.BF16);
    expected.put("mlp.up_proj.out.bf16", DType.BF16);
    expected.put("mlp.swiglu.bf16", DType.BF16);
    assertThat(kept(Recipe.BF16)).isEqualTo(expected);
  }

  @Test
  void inFp32ActivationsAreKeptThemselves() {
    Map<String, DType> expected = common();
    for (String name :
        List.of(
            "input_layernorm.out",
            "post_attention_layernorm.out",
            "self_attn.attention",
            "mlp.gate_proj.out",
            "mlp.up_proj.out",
            "mlp.swiglu")) {
      expected.put(name, DType.F32);
    }
    assertThat(kept(Recipe.FP32)).isEqualTo(expected);
  }

  /** What every recipe keeps in FP32: inputs of attention and norms, statistics, the residual. */
  private static Map<String, DType> common() {
    Map<String, DType> names = new TreeMap<>();
    for (String name :
        List.of(
            "attention_residual",
            "input_layernorm.rstd",
            "mlp_residual",
            "post_attention_layernorm.rstd",
            "self_attn.k_rope",
            "self_attn.attention.lse",
            "self_attn.q_rope",
            "self_attn.v_proj.out")) {
      names.put(name, DType.F32);
    }
    return names;
  }

  private static final int COLUMNS = 130;

  @ParameterizedTest
  @CsvSource({"E4M3,false,0x1p-4", "E4M3,true,0x1p-4", "E5M6,true,0x1p-7"})
  void tilesComeBackWithinHalfAUnitOfTheirFormat(DType codes, boolean powerOfTwo, double ulps) {
    float[] x = values(1);
    float[] back = throughTheCache(new ActivationCache.Tiles(codes, powerOfTwo), x);
    for (int row = 0; row < ROWS; row++) {
      for (int tile = 0; tile < COLUMNS; tile += 128) {
        float amax = 0;
        for (int c = tile; c < Math.min(COLUMNS, tile + 128); c++) {
          amax = Math.max(amax, Math.abs(x[row * COLUMNS + c]));
        }
        for (int c = tile; c < Math.min(COLUMNS, tile + 128); c++) {
          int i = row * COLUMNS + c;
          double bound = Math.max(Math.abs(x[i]) * ulps, amax * 0x1p-17) * (1 + 1e-6);
          assertThat(Math.abs(back[i] - x[i])).isLessThanOrEqualTo((float) bound);
        }
      }
    }
    assertThat(back).isNotEqualTo(x);
  }

  @Test
  void bf16ComesBackRoundedAndFullAsItIs() {
    float[] x = values(2);
    float[] rounded = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      rounded[i] = Bf16.round(x[i]);
    }
    assertThat(throughTheCache(new ActivationCache.Bf16(), x)).isEqualTo(rounded);
    assertThat(throughTheCache(new ActivationCache.Full(), x)).isEqualTo(x);
  }

  private static float[] values(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[ROWS * COLUMNS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) (random.nextGaussian() * Math.exp(2 * random.nextGaussian()));
    }
    return x;
  }

  private static float[] throughTheCache(ActivationCache cache, float[] values) {
    Graph graph = new Graph("cache");
    ModelLayout layout = ModelLayout.of(TestModels.small(0, true));
    Tape tape = new Tape(graph, layout, PrecisionTable.of(Recipe.FP32), Recompute.NONE);
    Tensor in = graph.declare("in", DType.F32, Role.INPUT, ROWS, COLUMNS);
    Tensor zero = graph.declare("zero", DType.F32, Role.INPUT, ROWS, COLUMNS);
    Tensor out = graph.declare("out", DType.F32, Role.OUTPUT, ROWS, COLUMNS);
    Tensor x = tape.value("x", ROWS, COLUMNS);
    tape.emit("x", new Add(), List.of(in, zero), List.of(x));
    cache.keep(tape, x);
    tape.onBackward(
        () -> tape.emit("read", new Add(), List.of(tape.restored(x), zero), List.of(out)));
    tape.backward();
    try (HostPool pool = new HostPool(1);
        HostBackend backend = new HostBackend(pool, false)) {
      var executable = backend.compile(graph);
      backend.upload("in", MemorySegment.ofArray(values));
      backend.upload("zero", MemorySegment.ofArray(new float[values.length]));
      executable.run();
      float[] back = new float[values.length];
      backend.download("out", MemorySegment.ofArray(back));
      return back;
    }
  }
}
