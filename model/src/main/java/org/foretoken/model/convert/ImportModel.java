package org.foretoken.model.convert;

import java.nio.file.Path;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.exchange.ModelFolder;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.TrainCheckpoint;
import org.foretoken.model.train.TrainGraph;

/**
 * Makes a folder that other programs have written the start of a run: its values become master
 * weights in FP32, with AdamW's moments at zero, in a checkpoint of step 0 that training goes on
 * from.
 */
public final class ImportModel {
  private ImportModel() {}

  /**
   * Writes the checkpoint.
   *
   * @param folder the model, already checked
   * @param run the run's configuration, of that model
   * @param target folder of the run
   * @return the checkpoint's folder
   * @throws InputException when the configuration is of another model
   */
  public static Path run(ModelFolder folder, RunConfig run, Path target) {
    if (!run.model().equals(folder.model())) {
      throw new InputException(
          "import: expected a configuration of " + folder.model() + ", found " + run.model());
    }
    ModelLayout layout = ModelLayout.of(run.model());
    PrecisionTable precision = PrecisionTable.of(run.train().recipe());
    try (HostBackend backend = new HostBackend()) {
      folder.load(backend);
      Graph moments = new Graph("moments");
      layout
          .parameters()
          .forEach(
              p -> {
                int[] dims = p.shape().dims();
                String first = TrainGraph.firstMoment(p.name());
                String second = TrainGraph.secondMoment(p.name());
                moments.declare(first, precision.moments(), Role.STATE, dims);
                moments.declare(second, precision.moments(), Role.STATE, dims);
              });
      backend.compile(moments);
      return TrainCheckpoint.save(target, backend, run, layout, precision, 0);
    }
  }
}
