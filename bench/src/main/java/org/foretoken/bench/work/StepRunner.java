package org.foretoken.bench.work;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.model.data.Batch;
import org.foretoken.model.train.ModelRunner;
import org.foretoken.model.train.ParameterInit;
import org.foretoken.model.train.TrainGraph;

/** Training steps on one batch, from initial weights, at a constant learning rate. */
final class StepRunner {
  /** Small, so that hundreds of steps on one batch stay what steps of training are. */
  static final float LEARNING_RATE = 1e-4f;

  static final float BETA1 = 0.9f;
  static final float BETA2 = 0.95f;
  static final float EPSILON = 1e-8f;
  static final float WEIGHT_DECAY = 0.1f;
  static final float CLIP = 1f;

  private final ModelCase model;
  private final Backend backend;
  private final Batch batch;
  private final Graph graph;
  private final Executable executable;
  private final ModelRunner runner;
  private int steps;

  StepRunner(ModelCase model, Backend backend, Batch batch) {
    this.model = model;
    this.backend = backend;
    this.batch = batch;
    graph = TrainGraph.step(model.model(), model.layout(), model.precision(), batch.rows());
    executable = backend.compile(graph);
    runner = new ModelRunner(backend, model.model());
    ParameterInit.upload(backend, model.model(), model.layout(), model.train().seed());
    runner.uploadCoefficients(model.train().mtpLambda());
  }

  Graph graph() {
    return graph;
  }

  /** One step, from the batch on the host to its losses on the host; L of the step. */
  double step() {
    steps++;
    float[] hyper = {
      LEARNING_RATE,
      BETA1,
      BETA2,
      EPSILON,
      WEIGHT_DECAY,
      (float) (1 - Math.pow(BETA1, steps)),
      (float) (1 - Math.pow(BETA2, steps)),
      CLIP
    };
    runner.upload(batch);
    backend.upload(TrainGraph.HYPER, MemorySegment.ofArray(hyper));
    double[] losses = runner.run(executable).loss();
    double loss = losses[0];
    for (int k = 1; k < losses.length; k++) {
      loss += model.train().mtpLambda() / (losses.length - 1) * losses[k];
    }
    return loss;
  }
}
