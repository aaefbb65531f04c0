package org.foretoken.model.trunk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.TestModels;
import org.foretoken.model.checkpoint.SafetensorsFile;
import org.foretoken.model.checkpoint.TensorInfo;
import org.foretoken.model.config.DataConfig;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.data.Document;
import org.foretoken.model.data.TokenStream;
import org.foretoken.model.decode.GenerateOptions;
import org.foretoken.model.decode.Generation;
import org.foretoken.model.decode.Generator;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.CheckpointStore;
import org.foretoken.model.train.ParameterInit;
import org.foretoken.model.train.RoutingMetrics;
import org.foretoken.model.train.StepMetrics;
import org.foretoken.model.train.TrainCheckpoint;
import org.foretoken.model.train.TrainGraph;
import org.foretoken.model.train.TrainListener;
import org.foretoken.model.train.Trainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Models with experts on the host: training, checkpoints, decoding. */
class MixtureOfExpertsTest {
  private static final String BIAS = "model.layers.1.mlp.gate.e_score_correction_bias";

  @TempDir Path folder;

  private static ModelConfig experts(double gamma) {
    return TestModels.bytes(1)
        .withFeedForward(
            new FeedForwardConfig.MixtureOfExperts(8, 1, 2, 24, 4, 2, true, 2.5, gamma, 1e-4, 1));
  }

  private static Corpus corpus() {
    List<Document> documents = new ArrayList<>();
    for (int d = 0; d < 8; d++) {
      String text = ("document " + d + " counts " + d * 7 + " and ends; ").repeat(12 + d);
      documents.add(new Document("d" + d, text.getBytes(StandardCharsets.US_ASCII)));
    }
    return new Corpus(
        "test", new TokenStream(documents.subList(1, 8)), new TokenStream(documents.subList(0, 1)));
  }

  private record Ran(List<String> losses, List<RoutingMetrics> routing) {}

  private static Ran train(
      ModelConfig model, TrainConfig config, Path directory, Path resume, int threads) {
    List<String> losses = new ArrayList<>();
    List<RoutingMetrics> routing = new ArrayList<>();
    TrainListener listener =
        new TrainListener() {
          @Override
          public void stepped(StepMetrics m) {
            losses.add(
                m.step() + " " + m.lossMain() + Arrays.toString(m.lossMtp()) + m.gradientNorm());
          }

          @Override
          public void routed(RoutingMetrics m) {
            routing.add(m);
          }
        };
    RunConfig run = new RunConfig("t", model, config, new DataConfig("", "", "", true, 0.1));
    try (HostPool pool = new HostPool(threads);
        HostBackend backend = new HostBackend(pool, false)) {
      new Trainer(run, corpus(), backend, directory, listener).run(resume);
    }
    return new Ran(losses, routing);
  }

  private static SafetensorsFile weights(Path run) {
    return SafetensorsFile.open(CheckpointStore.locate(run).resolve("model.safetensors"));
  }

  private static float[] bias(Path run) {
    try (SafetensorsFile file = weights(run)) {
      return file.bytes(BIAS).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FP32", "BF16", "DEEPSEEK", "HYBRID"})
  void aResumedRunRepeatsLossesAndBiasesToTheLastBit(Recipe recipe) {
    ModelConfig model = experts(1e-3);
    Path a = folder.resolve("a");
    Path b = folder.resolve("b");
    List<String> whole = train(model, TestModels.training(recipe, 10), a, null, 2).losses;
    List<String> joined =
        new ArrayList<>(train(model, TestModels.training(recipe, 4), b, null, 1).losses);
    float[] then = bias(b);
    joined.addAll(train(model, TestModels.training(recipe, 10), b, b, 2).losses);
    assertThat(joined).isEqualTo(whole);
    assertThat(bias(b)).isEqualTo(bias(a)).isNotEqualTo(then).isNotEqualTo(new float[8]);
    // The bias counts steps: after 10 of them it is at most 10 gamma away from 0.
    for (float v : bias(a)) {
      assertThat(Math.abs(v)).isLessThan(10.5e-3f);
    }
  }

  @Test
  void theLossFallsAndEveryRowIsRouted() {
    ModelConfig model = experts(1e-3);
    Ran ran = train(model, TestModels.training(Recipe.DEEPSEEK, 60), folder, null, 2);
    double first = Double.parseDouble(ran.losses.getFirst().split("[ \\[]")[1]);
    double last = Double.parseDouble(ran.losses.getLast().split("[ \\[]")[1]);
    assertThat(last).isLessThan(first - 2);
    assertThat(ran.routing).hasSize(60);
    for (RoutingMetrics m : ran.routing) {
      assertThat(m.layers()).extracting(RoutingMetrics.Layer::layer).containsExactly(1, 2);
      for (RoutingMetrics.Layer layer : m.layers()) {
        assertThat(layer.load().stream().mapToDouble(d -> d).sum()).isBetween(0.999999, 1.000001);
        assertThat(layer.maxViolation()).isBetween(0.0, 3.0); // one expert has at most half
        assertThat(layer.entropy()).isBetween(0.0, 1.000001);
      }
    }
  }

  @Test
  void filesHoldOneTensorForEachExpert() {
    train(experts(0), TestModels.training(Recipe.FP32, 1), folder, null, 1);
    try (SafetensorsFile file = weights(folder)) {
      List<String> names = file.tensors().stream().map(TensorInfo::name).toList();
      assertThat(names)
          .contains(
              BIAS,
              "model.layers.1.mlp.experts.0.gate_proj.weight",
              "model.layers.2.mlp.experts.7.down_proj.weight")
          .noneMatch(n -> n.endsWith("experts.gate_proj.weight") && !n.contains("shared"));
      assertThat(file.info("model.layers.1.mlp.experts.3.up_proj.weight").shape())
          .containsExactly(24L, 40L);
    }
    assertThat(bias(folder)).isEqualTo(new float[8]);
  }

  @Test
  void aCheckpointWithOtherExpertsIsRefusedByName() {
    train(experts(0), TestModels.training(Recipe.FP32, 1), folder, null, 1);
    ModelConfig more =
        TestModels.bytes(1)
            .withFeedForward(
                new FeedForwardConfig.MixtureOfExperts(12, 1, 2, 24, 4, 2, true, 2.5, 0, 1e-4, 1));
    try (Backend backend = loaded(more, 1)) {
      assertThatThrownBy(
              () -> TrainCheckpoint.restoreWeights(folder, backend, ModelLayout.of(more)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("model.layers.1.mlp.gate.weight");
    }
    ModelConfig dense = TestModels.bytes(1);
    try (Backend backend = loaded(dense, 1)) {
      assertThatThrownBy(
              () -> TrainCheckpoint.restoreWeights(folder, backend, ModelLayout.of(dense)))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("model.layers.1.mlp.gate.weight")
          .hasMessageContaining("is not of the configured model");
    }
  }

  private static Backend loaded(ModelConfig config, long seed) {
    Backend backend = new HostBackend();
    ModelLayout layout = ModelLayout.of(config);
    backend.compile(TrainGraph.evaluation(config, layout, PrecisionTable.of(Recipe.FP32), 8));
    ParameterInit.upload(backend, config, layout, seed);
    return backend;
  }

  @ParameterizedTest
  @EnumSource(names = {"FP32", "BF16", "DEEPSEEK", "HYBRID"})
  void greedyTokensAreTheSameWithAndWithoutDrafts(Recipe recipe) {
    SplittableRandom random = new SplittableRandom(4);
    long accepted = 0;
    ModelConfig small = TestModels.experts(2, false);
    ModelConfig config =
        new ModelConfig(
            "t",
            3,
            small.hiddenSize(),
            small.layers(),
            small.attention(),
            small.intermediateSize(),
            small.feedForward(),
            small.ropeTheta(),
            small.rmsNormEps(),
            2,
            false,
            0.15);
    try (Backend backend = loaded(config, 3)) {
      Generator generator = new Generator(backend, config, PrecisionTable.of(recipe), 160);
      for (int promptLength : new int[] {1, 5, 70}) {
        int[] prompt = random.ints(promptLength, 0, config.vocabSize()).toArray();
        int[] plain = generator.generate(prompt, new GenerateOptions(80, 0, 0, 1, -1)).tokens();
        for (int drafts = 1; drafts <= 2; drafts++) {
          Generation g = generator.generate(prompt, new GenerateOptions(80, drafts, 0, 1, -1));
          assertThat(g.tokens()).isEqualTo(plain);
          accepted += g.accepted();
        }
      }
    }
    assertThat(accepted).as("drafts accepted").isPositive();
  }
}
