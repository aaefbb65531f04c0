package org.foretoken.model.train;

import org.foretoken.model.config.TrainConfig;

/**
 * Learning rate and lambda by step; both depend on the schedule's length, never on where a run
 * stops.
 */
public final class Schedule {
  private final TrainConfig config;
  private final int length;

  /** The schedule of a run. */
  public Schedule(TrainConfig config) {
    this.config = config;
    this.length = config.scheduleSteps() > 0 ? config.scheduleSteps() : config.steps();
  }

  /** Learning rate of step {@code step}, from 0: linear warm-up, then a cosine to the minimum. */
  public double learningRate(int step) {
    int warmup = config.warmupSteps();
    if (step < warmup) {
      return config.learningRate() * (step + 1) / warmup;
    }
    double progress = Math.min(1.0, (double) (step - warmup) / Math.max(1, length - warmup));
    double cosine = 0.5 * (1 + Math.cos(Math.PI * progress));
    return config.minLearningRate() + (config.learningRate() - config.minLearningRate()) * cosine;
  }

  /** Weight of the MTP losses in step {@code step}, from 0 (DeepSeek-V3: 0.3, later 0.1). */
  public double mtpLambda(int step) {
    return step < config.mtpLambdaSwitch() * length ? config.mtpLambda() : config.mtpLambdaLate();
  }
}
