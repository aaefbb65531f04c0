package org.foretoken.model.train;

/**
 * What an evaluation on the held-out documents measured.
 *
 * @param step steps done
 * @param lossMain mean cross-entropy of the next token, nats
 * @param lossMtp mean cross-entropy per depth 1..D, nats
 * @param accuracy share of targets whose largest logit was right, per depth 0..D
 * @param bitsPerByte lossMain / ln 2, divided by the bytes of text that a token stands for
 */
public record EvalMetrics(
    int step, double lossMain, double[] lossMtp, double[] accuracy, double bitsPerByte) {}
