package org.foretoken.model.train;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.TrainConfig;
import org.foretoken.model.data.Batch;
import org.foretoken.model.mtp.MtpTargets;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;

/**
 * One optimizer step on a backend: a batch, or the micro-batches that make one, then the update.
 *
 * <p>A single batch is one graph. With accumulation there are three, since gradients are added up
 * over several runs: zero-gradients, micro-batch, update.
 */
final class TrainStep {
  /**
   * What a step measured.
   *
   * @param losses over all targets of the step
   * @param gradientNorm global gradient norm before clipping
   */
  record Result(ModelRunner.Losses losses, double gradientNorm) {}

  private final Backend backend;
  private final ModelRunner runner;
  private final List<Executable> before;
  private final Executable batch;
  private final List<Executable> after;

  private TrainStep(Backend backend, ModelRunner runner, List<Executable> compiled) {
    this.backend = backend;
    this.runner = runner;
    boolean whole = compiled.size() == 1;
    before = whole ? List.of() : List.of(compiled.get(0));
    batch = compiled.get(whole ? 0 : 1);
    after = whole ? List.of() : List.of(compiled.get(2));
  }

  /** The graphs of a step, in the order in which they run. */
  static List<Graph> graphs(
      ModelConfig model, ModelLayout layout, PrecisionTable precision, TrainConfig train) {
    int rows = train.batchSize() * train.sequenceLength();
    if (train.accumulation() == 1) {
      return List.of(TrainGraph.step(model, layout, precision, train.recompute(), rows));
    }
    return List.of(
        TrainGraph.zeroGradients(layout, precision),
        TrainGraph.microBatch(model, layout, precision, train.recompute(), rows),
        TrainGraph.update(model, layout, precision));
  }

  /** Compiles what {@link #graphs} returned. */
  static TrainStep compile(Backend backend, ModelRunner runner, List<Graph> graphs) {
    return new TrainStep(backend, runner, graphs.stream().map(backend::compile).toList());
  }

  /**
   * Runs a step.
   *
   * @param hyper the optimizer's inputs
   */
  Result run(List<Batch> batches, double lambda, float[] hyper) {
    runner.put(TrainGraph.HYPER, hyper);
    before.forEach(Executable::run);
    List<double[]> shares = shares(batches, runner.depths());
    List<ModelRunner.Losses> losses = new ArrayList<>();
    for (int m = 0; m < batches.size(); m++) {
      runner.upload(batches.get(m));
      runner.uploadCoefficients(lambda, shares.get(m));
      losses.add(runner.run(batch));
    }
    after.forEach(Executable::run);
    float[] squares = new float[1];
    backend.download(TrainGraph.GRADIENT_SQUARES, MemorySegment.ofArray(squares));
    return new Result(ModelRunner.Losses.mean(losses), Math.sqrt(squares[0]));
  }

  /** Each batch's share of all targets, per depth; 1 where there is no target at all. */
  static List<double[]> shares(List<Batch> batches, int depths) {
    List<double[]> counts = new ArrayList<>();
    double[] total = new double[depths];
    for (Batch b : batches) {
      MtpTargets targets = b.targets();
      double[] count = new double[depths];
      for (int k = 0; k < depths; k++) {
        count[k] = targets.count(k);
        total[k] += count[k];
      }
      counts.add(count);
    }
    for (double[] count : counts) {
      for (int k = 0; k < depths; k++) {
        count[k] = total[k] == 0 ? 1 : count[k] / total[k];
      }
    }
    return counts;
  }
}
