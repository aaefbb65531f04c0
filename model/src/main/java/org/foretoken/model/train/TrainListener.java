package org.foretoken.model.train;

import java.nio.file.Path;

/** Hears of a run's progress, on the thread that trains. */
public interface TrainListener {
  /** Before the first step: what will be run. */
  default void started(TrainPlan plan) {}

  /** After every step. */
  default void stepped(StepMetrics metrics) {}

  /** After some steps of a model with experts, the first and the last among them. */
  default void routed(RoutingMetrics metrics) {}

  /** After every evaluation. */
  default void evaluated(EvalMetrics metrics) {}

  /** After a checkpoint is complete. */
  default void saved(int step, Path checkpoint) {}
}
