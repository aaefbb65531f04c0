package org.foretoken.model.train;

/**
 * What one training step measured.
 *
 * @param step steps done, from 1
 * @param tokens tokens seen so far
 * @param lossMain mean cross-entropy of the next token, nats
 * @param lossMtp mean cross-entropy per depth 1..D, nats
 * @param accuracy share of targets whose largest logit was right, per depth 0..D
 * @param learningRate learning rate of the step
 * @param mtpLambda lambda of the step
 * @param gradientNorm global gradient norm before clipping
 * @param tokensPerSecond tokens a second of this step
 * @param seconds time since the run (or its continuation) started
 */
public record StepMetrics(
    int step,
    long tokens,
    double lossMain,
    double[] lossMtp,
    double[] accuracy,
    double learningRate,
    double mtpLambda,
    double gradientNorm,
    double tokensPerSecond,
    double seconds) {}
