package org.foretoken.model.train;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.MtpControl;
import org.foretoken.model.data.Batch;
import org.foretoken.model.mtp.MtpLoss;
import org.foretoken.model.mtp.MtpTargets;
import org.foretoken.model.trunk.MixtureOfExperts;
import org.foretoken.model.trunk.Rows;

/** Feeds batches to a training or evaluation graph and reads its losses. */
public final class ModelRunner {
  /**
   * Losses of one batch.
   *
   * @param loss mean cross-entropy per depth 0..D, nats
   * @param accuracy share of targets whose largest logit was right, per depth
   * @param count targets per depth
   */
  public record Losses(double[] loss, double[] accuracy, double[] count) {
    /** The losses of several batches together: means over all their targets, per depth. */
    public static Losses mean(List<Losses> batches) {
      int depths = batches.getFirst().loss.length;
      double[] loss = new double[depths];
      double[] accuracy = new double[depths];
      double[] count = new double[depths];
      for (Losses b : batches) {
        for (int k = 0; k < depths; k++) {
          loss[k] += b.loss[k] * b.count[k];
          accuracy[k] += b.accuracy[k] * b.count[k];
          count[k] += b.count[k];
        }
      }
      for (int k = 0; k < depths; k++) {
        loss[k] /= Math.max(1, count[k]);
        accuracy[k] /= Math.max(1, count[k]);
      }
      return new Losses(loss, accuracy, count);
    }
  }

  private final Backend backend;
  private final ModelConfig config;

  /** Runs graphs of {@code config} on {@code backend}. */
  public ModelRunner(Backend backend, ModelConfig config) {
    this.backend = backend;
    this.config = config;
  }

  /** Losses of the model: the main one and one for each MTP module. */
  int depths() {
    return config.mtpDepth() + 1;
  }

  /** Uploads the rows of a batch, and the inputs and targets of every depth. */
  public void upload(Batch batch) {
    MtpTargets targets = batch.targets();
    put("rows.positions", batch.positions());
    put("rows.first_row", batch.firstRow());
    if (config.mtpDepth() > 0 && config.mtpControl() == MtpControl.NO_MASK) {
      put(Rows.MIRRORED, Rows.mirrored(batch.firstRow()));
    }
    for (int k = 0; k <= config.mtpDepth(); k++) {
      put(MtpLoss.idsName(k), k == 0 ? batch.ids() : targets.shiftedIds(k));
      boolean shifted = k > 0 && config.mtpControl() == MtpControl.SHIFTED_TARGETS;
      put(MtpLoss.targetsName(k), targets.targets(shifted ? k + 1 : k));
    }
  }

  /** Uploads the factors of the losses for a lambda, of a batch that is a step. */
  public void uploadCoefficients(double lambda) {
    double[] whole = new double[depths()];
    Arrays.fill(whole, 1);
    uploadCoefficients(lambda, whole);
  }

  /**
   * Uploads the factors of the losses of a micro-batch for a lambda. The graph takes the mean over
   * the micro-batch's own targets; its share of the step's targets at that depth makes the sum over
   * all micro-batches the mean over all targets.
   *
   * @param share targets of the micro-batch by those of the step, per depth
   */
  public void uploadCoefficients(double lambda, double[] share) {
    for (int k = 0; k <= config.mtpDepth(); k++) {
      double c = MtpLoss.coefficient(k, lambda, config.mtpDepth()) * share[k];
      put(MtpLoss.coefficientName(k), (float) c);
    }
    if (config.feedForward() instanceof FeedForwardConfig.MixtureOfExperts m
        && m.balanceLossAlpha() > 0) {
      put(MixtureOfExperts.BALANCE_COEFFICIENT, (float) (m.balanceLossAlpha() * share[0]));
    }
  }

  /** Runs a graph on what was uploaded and reads its losses. */
  public Losses run(Executable executable) {
    executable.run();
    int depths = depths();
    double[] loss = new double[depths];
    double[] accuracy = new double[depths];
    double[] count = new double[depths];
    float[] stats = new float[4];
    for (int k = 0; k < depths; k++) {
      backend.download(MtpLoss.statsName(k), MemorySegment.ofArray(stats));
      count[k] = stats[1];
      loss[k] = stats[1] == 0 ? 0 : stats[0] / (double) stats[1];
      accuracy[k] = stats[1] == 0 ? 0 : stats[2] / (double) stats[1];
    }
    return new Losses(loss, accuracy, count);
  }

  void put(String tensor, int... values) {
    backend.upload(tensor, MemorySegment.ofArray(values));
  }

  void put(String tensor, float... values) {
    backend.upload(tensor, MemorySegment.ofArray(values));
  }
}
