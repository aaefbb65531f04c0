package org.foretoken.model.decode;

/**
 * A prompt and how to continue it.
 *
 * @param prompt tokens, at least one
 * @param options how to continue
 */
public record GenerateRequest(int[] prompt, GenerateOptions options) {}
