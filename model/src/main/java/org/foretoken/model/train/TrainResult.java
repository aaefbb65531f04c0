package org.foretoken.model.train;

import java.nio.file.Path;

/**
 * How a run ended.
 *
 * @param steps steps done in all
 * @param tokens tokens seen in all
 * @param last metrics of the last step
 * @param evaluation the last evaluation
 * @param tokensPerSecond tokens a second over the steps of this process, evaluations not counted
 * @param checkpoint the last checkpoint
 */
public record TrainResult(
    int steps,
    long tokens,
    StepMetrics last,
    EvalMetrics evaluation,
    double tokensPerSecond,
    Path checkpoint) {}
