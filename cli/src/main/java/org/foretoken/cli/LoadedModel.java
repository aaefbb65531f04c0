package org.foretoken.cli;

import java.nio.file.Path;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.train.TrainCheckpoint;

/**
 * A trained model whose weights lie on a device.
 *
 * @param run configuration it was trained with
 * @param step steps it was trained
 * @param backend the device; closed with the model
 */
record LoadedModel(RunConfig run, int step, Backend backend) implements AutoCloseable {
  /**
   * Loads a checkpoint.
   *
   * @param checkpoint folder of a run or of a checkpoint
   * @throws org.foretoken.fp8.InputException when it is none, or damaged
   */
  static LoadedModel open(Path checkpoint, String device) {
    RunConfig run = TrainCheckpoint.config(checkpoint);
    ModelLayout layout = ModelLayout.of(run.model());
    Backend backend = Devices.open(device);
    try {
      Graph weights = new Graph("weights");
      layout
          .tensors()
          .forEach(s -> weights.declare(s.name(), DType.F32, s.role(), s.shape().dims()));
      backend.compile(weights);
      return new LoadedModel(
          run, TrainCheckpoint.restoreWeights(checkpoint, backend, layout), backend);
    } catch (RuntimeException e) {
      backend.close();
      throw e;
    }
  }

  @Override
  public void close() {
    backend.close();
  }
}
