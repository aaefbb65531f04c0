package org.foretoken.model.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.foretoken.model.TestModels;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.Recompute;
import org.foretoken.model.data.Batch;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients of a step: in micro-batches, and with blocks recomputed. */
class TrainStepTest {
  private static final double LAMBDA = 0.3;

  /** Documents of different lengths, so that micro-batches differ in their targets per depth. */
  private static final int[][] DOCUMENTS = {{9, 1, 2}, {12}, {3, 4, 5}};

  private static List<Batch> microBatches(ModelConfig config) {
    List<Batch> batches = new ArrayList<>();
    for (int[] lengths : DOCUMENTS) {
      batches.add(TestModels.batch(config.vocabSize(), 31 + batches.size(), lengths));
    }
    return batches;
  }

  /** The same documents in one batch. */
  private static Batch joined(List<Batch> batches) {
    int rows = batches.stream().mapToInt(Batch::rows).sum();
    int[] ids = new int[rows];
    int[] positions = new int[rows];
    int[] firstRow = new int[rows];
    int at = 0;
    for (Batch b : batches) {
      for (int i = 0; i < b.rows(); i++) {
        ids[at + i] = b.ids()[i];
        positions[at + i] = b.positions()[i];
        firstRow[at + i] = at + b.firstRow()[i];
      }
      at += b.rows();
    }
    return new Batch(ids, positions, firstRow);
  }

  @Test
  void microBatchesAddUpToTheGradientsAndLossesOfOneBatch() {
    ModelConfig config = TestModels.small(2, true);
    ModelLayout layout = ModelLayout.of(config);
    PrecisionTable fp32 = PrecisionTable.of(Recipe.FP32);
    List<Batch> parts = microBatches(config);
    Batch whole = joined(parts);

    ReferenceBackend one = new ReferenceBackend(true);
    ModelRunner oneRunner = new ModelRunner(one, config);
    Executable gradients = one.compile(TrainGraph.gradients(config, layout, fp32, whole.rows()));
    ParameterInit.upload(one, config, layout, 11);
    oneRunner.upload(whole);
    oneRunner.uploadCoefficients(LAMBDA);
    ModelRunner.Losses expected = oneRunner.run(gradients);

    ReferenceBackend several = new ReferenceBackend(true);
    ModelRunner runner = new ModelRunner(several, config);
    Executable zero = several.compile(TrainGraph.zeroGradients(layout, fp32));
    Executable micro =
        several.compile(TrainGraph.microBatch(config, layout, fp32, Recompute.NONE, 12));
    ParameterInit.upload(several, config, layout, 11);
    List<ModelRunner.Losses> losses = new ArrayList<>();
    for (int run = 0; run < 2; run++) { // the second time on gradients that are not zero
      zero.run();
      losses.clear();
      List<double[]> shares = TrainStep.shares(parts, 3);
      for (int m = 0; m < parts.size(); m++) {
        runner.upload(parts.get(m));
        runner.uploadCoefficients(LAMBDA, shares.get(m));
        losses.add(runner.run(micro));
      }
    }
    ModelRunner.Losses found = ModelRunner.Losses.mean(losses);
    for (int k = 0; k <= 2; k++) {
      assertThat(found.count()[k]).isEqualTo(whole.targets().count(k));
      assertThat(found.loss()[k]).isCloseTo(expected.loss()[k], percent());
      assertThat(found.accuracy()[k]).isCloseTo(expected.accuracy()[k], percent());
    }
    for (ParameterSpec spec : layout.parameters()) {
      double[] want = one.values(Tape.gradientName(spec.name()));
      double[] got = several.values(Tape.gradientName(spec.name()));
      double norm = Math.sqrt(Arrays.stream(want).map(v -> v * v).sum());
      assertThat(norm).as(spec.name()).isPositive();
      for (int i = 0; i < want.length; i++) {
        // The factors of the losses are uploaded in FP32.
        assertThat(Math.abs(got[i] - want[i])).as(spec.name()).isLessThan(1e-6 * norm);
      }
    }
  }

  private static org.assertj.core.data.Percentage percent() {
    return org.assertj.core.data.Percentage.withPercentage(1e-4);
  }

  @ParameterizedTest
  @EnumSource(Recipe.class)
  void recomputedBlocksGiveTheSameGradientsToTheLastBitInLessMemory(Recipe recipe) {
    ModelConfig config = TestModels.small(2, true);
    ModelLayout layout = ModelLayout.of(config);
    PrecisionTable precision = PrecisionTable.of(recipe);
    Batch batch = joined(microBatches(config));
    long[] peak = new long[2];
    List<List<float[]>> gradients = new ArrayList<>();
    for (Recompute recompute : Recompute.values()) {
      Graph graph = TrainGraph.gradients(config, layout, precision, recompute, batch.rows());
      peak[recompute.ordinal()] = MemoryPlan.of(graph).peakBytes();
      try (HostPool pool = new HostPool(2);
          HostBackend backend = new HostBackend(pool, false)) {
        Executable executable = backend.compile(graph);
        ParameterInit.upload(backend, config, layout, 11);
        ModelRunner runner = new ModelRunner(backend, config);
        runner.upload(batch);
        runner.uploadCoefficients(LAMBDA);
        runner.run(executable);
        List<float[]> all = new ArrayList<>();
        for (ParameterSpec spec : layout.parameters()) {
          float[] g = new float[(int) spec.elements()];
          backend.download(Tape.gradientName(spec.name()), MemorySegment.ofArray(g));
          all.add(g);
        }
        gradients.add(all);
      }
    }
    assertThat(gradients.get(1)).usingRecursiveComparison().isEqualTo(gradients.get(0));
    assertThat(gradients.get(0)).allSatisfy(g -> assertThat(g).isNotEqualTo(new float[g.length]));
    assertThat(peak[1]).isLessThan(peak[0]);
  }

  @Test
  void recomputingEmitsNothingThatNobodyReads() {
    ModelConfig config = TestModels.small(1, true);
    Graph graph =
        TrainGraph.gradients(
            config, ModelLayout.of(config), PrecisionTable.of(Recipe.FP32), Recompute.BLOCK, 16);
    List<String> again =
        graph.nodes().stream().map(n -> n.label()).filter(l -> l.endsWith("/again")).toList();
    // Two blocks of the trunk and one of the module; the last projection's result is not needed.
    assertThat(again).filteredOn(l -> l.contains("gate_proj/fprop")).hasSize(3);
    assertThat(again).noneMatch(l -> l.contains("down_proj/fprop") || l.contains("mlp_residual"));
  }
}
