package org.foretoken.cli.graph;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Batch;
import org.foretoken.model.mtp.MtpLoss;
import org.foretoken.model.mtp.MtpModule;
import org.foretoken.model.mtp.MtpTargets;
import org.foretoken.model.nn.InferenceWeights;
import org.foretoken.model.nn.LinearPrecision;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;
import org.foretoken.model.train.ParameterInit;
import org.foretoken.model.train.TrainGraph;
import org.foretoken.model.trunk.Rows;

/**
 * Graphs that the model's own builders make: what {@code layers} in a graph file stands for.
 * Weights are the initial ones of the configuration's seed, tokens are random from the same seed.
 */
final class LayerGraphs {
  /** Hidden states that enter an MTP module alone, F32 [N,E]. */
  static final String PREVIOUS = "mtp.previous";

  /** What {@code layers} can be. */
  public enum Kind {
    /** One MTP module's forward pass, from the hidden states before it to its head's input. */
    MTP_MODULE,
    /** Forward pass and losses of the whole model. */
    MODEL,
    /** Forward, backward and optimizer of one batch. */
    TRAIN_STEP
  }

  private final RunConfig run;
  private final ModelConfig model;
  private final ModelLayout layout;
  private final PrecisionTable precision;
  private final int rows;
  private final Map<String, GraphProgram.Filler> values = new TreeMap<>();

  private LayerGraphs(RunConfig run) {
    this.run = run;
    model = run.model();
    layout = ModelLayout.of(model);
    precision = PrecisionTable.of(run.train().recipe());
    rows = run.train().batchSize() * run.train().sequenceLength();
  }

  /**
   * Builds the graph.
   *
   * @param outputs transients to show beside the graph's own outputs
   */
  static GraphProgram of(String name, Kind kind, RunConfig run, List<String> outputs) {
    return new LayerGraphs(run).build(name, kind, outputs);
  }

  private GraphProgram build(String name, Kind kind, List<String> outputs) {
    Graph built =
        switch (kind) {
          case MTP_MODULE -> module(name);
          case MODEL -> TrainGraph.evaluation(model, layout, precision, rows);
          case TRAIN_STEP ->
              TrainGraph.step(model, layout, precision, run.train().recompute(), rows);
        };
    Graph graph = built.exposing(outputs);
    layout
        .tensors()
        .forEach(
            spec ->
                values.put(
                    spec.name(),
                    (t, target) ->
                        target.copyFrom(
                            MemorySegment.ofArray(
                                ParameterInit.values(spec, model, run.train().seed())))));
    batch();
    values.keySet().removeIf(n -> !graph.has(n));
    return new GraphProgram(graph, values, GraphProgram.outputsOf(graph));
  }

  /** The first MTP module alone, its two results as outputs. */
  private Graph module(String name) {
    Graph graph = new Graph(name);
    Tape tape = new Tape(graph, layout, precision, false);
    String prefix = MtpModule.prefix(model, 1);
    if (precision.blockLinear() instanceof LinearPrecision.Fp8 fp8) {
      layout.parameters().stream()
          .filter(s -> s.name().startsWith(prefix) && InferenceWeights.isBlockLinear(s.name()))
          .forEach(s -> InferenceWeights.quantize(tape, s, fp8.powerOfTwoScales()));
    }
    Tensor previous = graph.declare(PREVIOUS, DType.F32, Role.INPUT, rows, model.hiddenSize());
    Tensor ids = graph.declare(MtpLoss.idsName(1), DType.I32, Role.INPUT, rows);
    MtpModule.Output out =
        MtpModule.apply(tape, model, 1, previous, ids, Rows.Packed.declare(graph, rows));
    long seed = run.train().seed();
    values.put(PREVIOUS, (t, target) -> new TensorSource.Normal(1, seed).fill(t, target, null));
    return graph.exposing(List.of(out.hiddenStates().name(), out.headInput().name()));
  }

  /** Sequences of random tokens, each a document of its own, and the factors of a first step. */
  private void batch() {
    TrainConfig train = run.train();
    int length = train.sequenceLength();
    int[] ids = new SplittableRandom(train.seed()).ints(rows, 0, model.vocabSize()).toArray();
    int[] positions = new int[rows];
    int[] firstRow = new int[rows];
    for (int i = 0; i < rows; i++) {
      positions[i] = i % length;
      firstRow[i] = i - positions[i];
    }
    Batch batch = new Batch(ids, positions, firstRow);
    MtpTargets targets = batch.targets();
    put("rows.positions", positions);
    put("rows.first_row", firstRow);
    for (int k = 0; k <= model.mtpDepth(); k++) {
      put(MtpLoss.idsName(k), k == 0 ? ids : targets.shiftedIds(k));
      put(MtpLoss.targetsName(k), targets.targets(k));
      float factor = (float) MtpLoss.coefficient(k, train.mtpLambda(), model.mtpDepth());
      put(MtpLoss.coefficientName(k), new float[] {factor});
    }
    put(
        TrainGraph.HYPER,
        new float[] {
          (float) train.learningRate(),
          (float) train.beta1(),
          (float) train.beta2(),
          (float) train.epsilon(),
          (float) train.weightDecay(),
          (float) (1 - train.beta1()),
          (float) (1 - train.beta2()),
          (float) train.gradientClip()
        });
  }

  private void put(String name, int[] ints) {
    values.put(name, (t, target) -> target.copyFrom(MemorySegment.ofArray(ints)));
  }

  private void put(String name, float[] floats) {
    values.put(name, (t, target) -> target.copyFrom(MemorySegment.ofArray(floats)));
  }
}
