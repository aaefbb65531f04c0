package org.foretoken.model.train;

/**
 * What a run is about to do.
 *
 * @param device line describing the device
 * @param data line describing the corpus
 * @param parameters trained values in all
 * @param trunkParameters of which the trunk, without MTP modules
 * @param residentBytes parameters, gradients, moments and other resident memory
 * @param activationBytes transient memory of a step
 * @param activationBytesWithoutReuse what it would be if no two tensors shared memory
 * @param firstStep steps that were done before, 0 unless resumed
 * @param steps steps in all
 * @param tokensPerStep tokens of a batch
 */
public record TrainPlan(
    String device,
    String data,
    long parameters,
    long trunkParameters,
    long residentBytes,
    long activationBytes,
    long activationBytesWithoutReuse,
    int firstStep,
    int steps,
    int tokensPerStep) {}
