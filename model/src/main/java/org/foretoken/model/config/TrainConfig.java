package org.foretoken.model.config;

/**
 * A training run.
 *
 * @param seed seed of initialisation and of the order of the data
 * @param batchSize B, sequences of a micro-batch
 * @param sequenceLength T, tokens of a sequence
 * @param accumulation micro-batches of a step, whose gradients are added up: a step is that of one
 *     batch of {@code batchSize * accumulation} sequences
 * @param steps total optimizer steps, also when resuming
 * @param scheduleSteps length of the learning-rate schedule; 0 means {@code steps}
 * @param warmupSteps steps of linear warm-up
 * @param learningRate peak learning rate
 * @param minLearningRate learning rate at the end of the cosine
 * @param beta1 AdamW's first decay
 * @param beta2 AdamW's second decay
 * @param epsilon AdamW's epsilon
 * @param weightDecay decoupled decay of the matrices
 * @param gradientClip largest global gradient norm; 0 switches clipping off
 * @param mtpLambda weight of the MTP losses in L = L_main + (lambda / D) * sum_k L_k
 * @param mtpLambdaLate lambda in the last part of the schedule
 * @param mtpLambdaSwitch share of the schedule after which {@code mtpLambdaLate} holds
 * @param recipe precision recipe
 * @param recompute what the backward pass computes again instead of finding it
 * @param evalEvery steps between evaluations on the held-out files; 0 evaluates at the end only
 * @param evalBatches batches of an evaluation
 * @param checkpointEvery steps between checkpoints; 0 writes one at the end only
 */
public record TrainConfig(
    long seed,
    int batchSize,
    int sequenceLength,
    int accumulation,
    int steps,
    int scheduleSteps,
    int warmupSteps,
    double learningRate,
    double minLearningRate,
    double beta1,
    double beta2,
    double epsilon,
    double weightDecay,
    double gradientClip,
    double mtpLambda,
    double mtpLambdaLate,
    double mtpLambdaSwitch,
    Recipe recipe,
    Recompute recompute,
    int evalEvery,
    int evalBatches,
    int checkpointEvery) {}
