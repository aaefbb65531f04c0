package org.foretoken.model.experiment;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.data.Batch;
import org.foretoken.model.data.Corpus;
import org.foretoken.model.mtp.MtpLoss;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.ModelRunner;
import org.foretoken.model.train.StepMetrics;
import org.foretoken.model.train.TrainGraph;
import org.foretoken.model.train.TrainListener;
import org.foretoken.model.train.TrainResult;
import org.foretoken.model.train.Trainer;

/** A model that was trained for an experiment, on a backend of its own; nothing is kept on disk. */
final class Training implements AutoCloseable {
  private final RunConfig run;
  private final Backend backend;
  private final TrainResult result;
  private final List<StepMetrics> steps;

  private Training(RunConfig run, Backend backend, TrainResult result, List<StepMetrics> steps) {
    this.run = run;
    this.backend = backend;
    this.result = result;
    this.steps = steps;
  }

  /** Trains a model on the text that its configuration names. */
  static Training of(RunConfig run, Workspace workspace) {
    return of(run, workspace.corpus(run.data()), workspace);
  }

  /** Trains a model on a text. */
  static Training of(RunConfig run, Corpus corpus, Workspace workspace) {
    Backend backend = workspace.open();
    List<StepMetrics> steps = new ArrayList<>();
    TrainListener listener =
        new TrainListener() {
          @Override
          public void stepped(StepMetrics metrics) {
            steps.add(metrics);
            workspace.progress(metrics.step() / (double) run.train().steps());
          }
        };
    try {
      TrainResult result = new Trainer(run, corpus, backend, null, listener).run(null);
      return new Training(run, backend, result, steps);
    } catch (RuntimeException e) {
      backend.close();
      throw e;
    }
  }

  /** The configuration. */
  RunConfig run() {
    return run;
  }

  /** The device, with the trained parameters. */
  Backend backend() {
    return backend;
  }

  /** Loss of the main model on the held-out text, nats a token. */
  double heldOutLoss() {
    return result.evaluation().lossMain();
  }

  /** Loss of the main model over the last tenth of the training steps. */
  double lastLosses() {
    int from = steps.size() - Math.max(1, steps.size() / 10);
    return steps.subList(from, steps.size()).stream()
        .mapToDouble(StepMetrics::lossMain)
        .average()
        .orElseThrow();
  }

  /**
   * The main model's loss of every row of some batches, in nats; NaN where a row has no target.
   *
   * @param each receives a batch and its losses
   */
  void rowLosses(List<Batch> batches, BiConsumer<Batch, float[]> each) {
    int rows = batches.getFirst().rows();
    ModelRunner runner = new ModelRunner(backend, run.model());
    PrecisionTable precision = PrecisionTable.of(run.train().recipe());
    Executable evaluation =
        backend.compile(
            TrainGraph.evaluation(run.model(), ModelLayout.of(run.model()), precision, rows));
    for (Batch batch : batches) {
      runner.upload(batch);
      runner.run(evaluation);
      float[] losses = new float[rows];
      backend.download(MtpLoss.rowLossName(0), MemorySegment.ofArray(losses));
      int[] targets = batch.targets().targets(0);
      for (int i = 0; i < rows; i++) {
        losses[i] = targets[i] < 0 ? Float.NaN : losses[i];
      }
      each.accept(batch, losses);
    }
  }

  @Override
  public void close() {
    backend.close();
  }
}
