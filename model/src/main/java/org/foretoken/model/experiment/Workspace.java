package org.foretoken.model.experiment;

import java.util.HashMap;
import java.util.Map;
import java.util.function.DoubleConsumer;
import java.util.function.Supplier;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.DataConfig;
import org.foretoken.model.data.Corpus;

/** What runs may use: a device, and texts that are read once. */
public final class Workspace {
  private final Supplier<Backend> backends;
  private final DoubleConsumer progress;
  private final Map<DataConfig, Corpus> corpora = new HashMap<>();

  /**
   * A place to work.
   *
   * @param backends opens the device that models run on
   * @param progress hears which share of the run at hand is done
   */
  public Workspace(Supplier<Backend> backends, DoubleConsumer progress) {
    this.backends = backends;
    this.progress = progress;
  }

  /** The same place with a device that shows MTP modules something wrong in training. */
  Workspace altered(AlteredInputs.Fault fault, int depth) {
    Workspace other =
        new Workspace(() -> new AlteredInputs(backends.get(), fault, depth), progress);
    other.corpora.putAll(corpora);
    return other;
  }

  /** Opens the device; the caller closes it. */
  Backend open() {
    return backends.get();
  }

  /** Says which share of the run at hand is done. */
  void progress(double share) {
    progress.accept(share);
  }

  /** The text of a configuration. */
  Corpus corpus(DataConfig data) {
    return corpora.computeIfAbsent(data, Corpus::read);
  }
}
