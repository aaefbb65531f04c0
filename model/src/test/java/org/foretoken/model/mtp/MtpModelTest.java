package org.foretoken.model.mtp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.reference.GradientCheck;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.foretoken.kernels.reference.ReferenceExecutable;
import org.foretoken.model.TestModels;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.MtpControl;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.data.Batch;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;
import org.foretoken.model.train.ModelRunner;
import org.foretoken.model.train.ParameterInit;
import org.foretoken.model.train.TrainGraph;
import org.foretoken.model.trunk.MixtureOfExperts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whole models in double precision: gradients, causality, the definition of the loss. */
class MtpModelTest {
  private static final PrecisionTable FP32 = PrecisionTable.of(Recipe.FP32);

  private record Loaded(ReferenceBackend backend, ReferenceExecutable step, ModelRunner runner) {
    double loss(double lambda, int depths) {
      ModelRunner.Losses l = runner.run(step);
      double sum = 0;
      for (int k = 0; k <= depths; k++) {
        double[] stats = backend.values(MtpLoss.statsName(k));
        sum += MtpLoss.coefficient(k, lambda, depths) * stats[0] / Math.max(1, stats[1]);
      }
      sum += balanceLoss();
      assertThat(l.count()).hasSize(depths + 1);
      return sum;
    }

    private double balanceLoss() {
      return step.graph().tensors().stream()
          .filter(t -> t.name().startsWith("balance."))
          .mapToDouble(
              t ->
                  backend.values(MixtureOfExperts.BALANCE_COEFFICIENT)[0]
                      * backend.values(t.name())[0])
          .sum();
    }
  }

  private static Loaded load(Graph graph, ModelConfig config, Batch batch, double lambda) {
    ReferenceBackend backend = new ReferenceBackend(true);
    ReferenceExecutable step = backend.compile(graph);
    ParameterInit.upload(backend, config, ModelLayout.of(config), 11);
    // Norm weights start as ones; other values make their gradients worth checking.
    for (ParameterSpec spec : ModelLayout.of(config).parameters()) {
      if (spec.init() == ParameterSpec.Init.ONES) {
        double[] w = backend.values(spec.name());
        Arrays.setAll(w, i -> 1 + 0.3 * Math.sin(i + spec.name().length()));
      }
    }
    ModelRunner runner = new ModelRunner(backend, config);
    runner.upload(batch);
    if (graph.has(MtpLoss.coefficientName(0))) {
      runner.uploadCoefficients(lambda);
    }
    return new Loaded(backend, step, runner);
  }

  static List<ModelConfig> models() {
    return List.of(
        TestModels.small(0, false),
        TestModels.small(1, true),
        TestModels.small(4, false),
        TestModels.latent(0, true, 0),
        TestModels.latent(2, false, 9),
        TestModels.experts(0, true),
        TestModels.experts(2, false));
  }

  static List<ModelConfig> unmasked() {
    return List.of(TestModels.small(2, true).withMtpControl(MtpControl.NO_MASK));
  }

  @ParameterizedTest
  @MethodSource({"models", "unmasked"})
  void gradientsOfEveryParameterAgreeWithCentralDifferences(ModelConfig config) {
    int depth = config.mtpDepth();
    ModelLayout layout = ModelLayout.of(config);
    Batch batch = TestModels.batch(config.vocabSize(), 5, 7, 1, 6);
    double lambda = 0.25;
    Graph graph = TrainGraph.gradients(config, layout, FP32, batch.rows());
    Loaded loaded = load(graph, config, batch, lambda);
    Map<String, String> gradients = new LinkedHashMap<>();
    for (ParameterSpec spec : layout.parameters()) {
      gradients.put(spec.name(), Tape.gradientName(spec.name()));
    }
    GradientCheck check =
        new GradientCheck(loaded.backend, () -> loaded.loss(lambda, depth), 12, 3);
    assertThat(check.gradients(gradients))
        .hasSize(layout.parameters().size())
        .allSatisfy(r -> assertThat(r.within(GradientCheck.TOLERANCE)).as(r.toString()).isTrue());
  }

  @Test
  void sharedTensorsReceiveTheGradientsOfTrunkAndModules() {
    ModelConfig config = TestModels.small(2, false);
    Batch batch = TestModels.batch(config.vocabSize(), 6, 12);
    // Gradients are linear in the losses' factors: the whole must be the sum of its parts.
    double[][] embedding = new double[4][];
    double[][] head = new double[4][];
    for (int part = 0; part < 4; part++) {
      Graph graph = TrainGraph.gradients(config, ModelLayout.of(config), FP32, batch.rows());
      Loaded loaded = load(graph, config, batch, 0.3);
      for (int k = 0; k < 3; k++) {
        loaded.backend.values(MtpLoss.coefficientName(k))[0] = part == 3 || part == k ? 1 : 0;
      }
      loaded.step.run();
      embedding[part] = loaded.backend.values(Tape.gradientName(ParameterNames.EMBEDDING)).clone();
      head[part] = loaded.backend.values(Tape.gradientName(ParameterNames.HEAD)).clone();
    }
    for (double[][] g : List.of(embedding, head)) {
      for (int part = 0; part < 3; part++) {
        assertThat(Arrays.stream(g[part]).map(Math::abs).sum()).isPositive();
      }
      for (int i = 0; i < g[3].length; i++) {
        assertThat(g[3][i]).isCloseTo(g[0][i] + g[1][i] + g[2][i], within(1e-12));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void aTokenChangesNothingThatMayNotSeeIt(ModelConfig config) {
    int depth = config.mtpDepth();
    int n = 10;
    Batch batch = TestModels.batch(config.vocabSize(), 8, n);
    double[][] before = rowLosses(config, batch);
    for (int j = 0; j < n; j++) {
      int[] changed = batch.ids().clone();
      changed[j] = (changed[j] + 1) % config.vocabSize();
      double[][] after = rowLosses(config, new Batch(changed, batch.positions(), batch.firstRow()));
      for (int k = 0; k <= depth; k++) {
        for (int i = 0; i < n - 1 - k; i++) {
          // Row i at depth k has seen t_0 .. t_{i+k} and is scored on t_{i+k+1}.
          boolean mayDiffer = j <= i + k + 1;
          if (mayDiffer) {
            assertThat(after[k][i])
                .as("token %d, depth %d, row %d", j, k, i)
                .isNotEqualTo(before[k][i]);
          } else {
            assertThat(after[k][i])
                .as("token %d, depth %d, row %d", j, k, i)
                .isEqualTo(before[k][i]);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource({"models", "unmasked"})
  void documentsOfAPackedBatchDoNotSeeEachOther(ModelConfig config) {
    Batch packed = TestModels.batch(config.vocabSize(), 9, 6, 5);
    double[][] together = rowLosses(config, packed);
    int[] second = Arrays.copyOfRange(packed.ids(), 6, 11);
    double[][] alone = rowLosses(config, new Batch(second, new int[] {0, 1, 2, 3, 4}, new int[5]));
    for (int k = 0; k <= config.mtpDepth(); k++) {
      for (int i = 0; i < 5; i++) {
        assertThat(together[k][6 + i]).isCloseTo(alone[k][i], within(1e-12));
      }
    }
  }

  @Test
  void theLossIsThatOfEquations24And25() {
    ModelConfig config = TestModels.small(2, true);
    Batch batch = TestModels.batch(config.vocabSize(), 10, 8, 3, 1);
    double lambda = 0.3;
    Graph graph = TrainGraph.gradients(config, ModelLayout.of(config), FP32, batch.rows());
    double found = load(graph, config, batch, lambda).loss(lambda, 2);
    double[][] nll = rowLosses(config, batch);
    double[] mean = new double[3];
    for (int k = 0; k <= 2; k++) {
      int[] targets = batch.targets().targets(k);
      int count = 0;
      for (int i = 0; i < targets.length; i++) {
        if (targets[i] != MtpTargets.NONE) {
          mean[k] += nll[k][i];
          count++;
        } else {
          assertThat(nll[k][i]).isZero();
        }
      }
      mean[k] /= count;
    }
    assertThat(found).isCloseTo(mean[0] + lambda / 2 * (mean[1] + mean[2]), within(1e-12));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void paddingDoesNotChangeTheScaleOfAnyLoss(int depth) {
    ModelConfig config = TestModels.small(depth, true);
    Batch tokens = TestModels.batch(config.vocabSize(), 10, 8, 6);
    // A document of one token predicts nothing at any depth: what padding is.
    int[] ids = Arrays.copyOf(tokens.ids(), 20);
    int[] first = Arrays.copyOf(tokens.firstRow(), 20);
    int[] positions = Arrays.copyOf(tokens.positions(), 20);
    for (int i = tokens.rows(); i < 20; i++) {
      first[i] = i;
    }
    double[] losses = new double[2];
    List<Batch> batches = List.of(tokens, new Batch(ids, positions, first));
    for (int b = 0; b < 2; b++) {
      Batch batch = batches.get(b);
      Graph graph = TrainGraph.gradients(config, ModelLayout.of(config), FP32, batch.rows());
      losses[b] = load(graph, config, batch, 0.3).loss(0.3, depth);
    }
    assertThat(losses[1]).isCloseTo(losses[0], within(1e-12));
  }

  @Test
  void theWeightOfAllModulesTogetherIsLambdaWhateverD() {
    for (int depth = 1; depth <= 5; depth++) {
      double sum = 0;
      for (int k = 1; k <= depth; k++) {
        sum += MtpLoss.coefficient(k, 0.3, depth);
      }
      assertThat(sum).isCloseTo(0.3, within(1e-15));
      assertThat(MtpLoss.coefficient(0, 0.3, depth)).isEqualTo(1);
    }
  }

  @Test
  void depthZeroIsTheTrunkParameterForParameter() {
    ModelConfig with = TestModels.small(3, false);
    List<ParameterSpec> trunk = new ArrayList<>(ModelLayout.of(with.withMtpDepth(0)).parameters());
    List<ParameterSpec> all = new ArrayList<>(ModelLayout.of(with).parameters());
    assertThat(all.subList(0, trunk.size())).isEqualTo(trunk);
    Batch batch = TestModels.batch(with.vocabSize(), 12, 9);
    assertThat(rowLosses(with.withMtpDepth(0), batch)[0]).isEqualTo(rowLosses(with, batch)[0]);
  }

  @Test
  void aModuleUsesTheTrunksOwnEmbeddingAndHead() {
    ModelConfig config = TestModels.small(2, false);
    Graph graph = TrainGraph.gradients(config, ModelLayout.of(config), FP32, 8);
    List<String> names = graph.tensors().stream().map(Tensor::name).toList();
    assertThat(names)
        .filteredOn(n -> n.endsWith("embed_tokens.weight") && !n.startsWith("grad."))
        .containsExactly(ParameterNames.EMBEDDING);
    assertThat(names)
        .filteredOn(n -> n.endsWith("head.weight") && !n.startsWith("grad."))
        .containsExactly(ParameterNames.HEAD);
  }

  /** Loss of each row per depth, in an evaluation graph. */
  private static double[][] rowLosses(ModelConfig config, Batch batch) {
    Graph graph = TrainGraph.evaluation(config, ModelLayout.of(config), FP32, batch.rows());
    Loaded loaded = load(graph, config, batch, 0);
    loaded.step.run();
    double[][] losses = new double[config.mtpDepth() + 1][];
    for (int k = 0; k < losses.length; k++) {
      losses[k] = loaded.backend.values(MtpLoss.rowLossName(k)).clone();
    }
    return losses;
  }
}
