package org.foretoken.model.decode;

/**
 * How to continue a prompt.
 *
 * @param tokens number of tokens to add
 * @param drafts tokens the MTP modules propose in a step, 0 to D; 0 is plain decoding
 * @param temperature 0 takes the likeliest token; otherwise softmax(logits / temperature) is
 *     sampled
 * @param seed seed of the sampling
 * @param stopToken token after which decoding ends, or -1
 */
public record GenerateOptions(
    int tokens, int drafts, double temperature, long seed, int stopToken) {}
