package org.foretoken.model.decode;

import org.foretoken.fp8.InputException;

/**
 * How to continue a prompt.
 *
 * @param tokens number of tokens to add
 * @param drafts tokens that are proposed in a step; 0 is plain decoding. The first D come from the
 *     D modules in turn, those beyond from the last module, which is then fed its own hidden state
 * @param temperature 0 takes the likeliest token; otherwise softmax(logits / temperature) is
 *     sampled
 * @param topK samples from the k likeliest tokens only; 0 from all
 * @param topP samples from the smallest set of likeliest tokens whose probabilities reach p; 1 from
 *     all
 * @param seed seed of the sampling
 * @param stopToken token after which decoding ends, or -1
 */
public record GenerateOptions(
    int tokens, int drafts, double temperature, int topK, double topP, long seed, int stopToken) {
  /** Most drafts of a step. */
  public static final int MOST_DRAFTS = 16;

  /** Options that sample from the whole distribution. */
  public GenerateOptions(int tokens, int drafts, double temperature, long seed, int stopToken) {
    this(tokens, drafts, temperature, 0, 1.0, seed, stopToken);
  }

  /** The likeliest tokens, without a stop token. */
  public static GenerateOptions greedy(int tokens, int drafts) {
    return new GenerateOptions(tokens, drafts, 0, 0, -1);
  }

  /** The same with another number of drafts. */
  public GenerateOptions withDrafts(int count) {
    return new GenerateOptions(tokens, count, temperature, topK, topP, seed, stopToken);
  }

  /** The same with another seed. */
  public GenerateOptions withSeed(long other) {
    return new GenerateOptions(tokens, drafts, temperature, topK, topP, other, stopToken);
  }

  /**
   * Checks the ranges for a model with {@code mtpDepth} modules.
   *
   * @throws InputException when one is left
   */
  void require(int mtpDepth) {
    int most = mtpDepth == 0 ? 0 : MOST_DRAFTS;
    if (drafts < 0 || drafts > most) {
      throw new InputException(
          "generate: expected 0 to "
              + most
              + " drafts from a model with "
              + mtpDepth
              + " MTP modules, found "
              + drafts);
    }
    if (tokens < 1 || !(temperature >= 0)) {
      throw new InputException(
          "generate: expected tokens >= 1 and temperature >= 0, found "
              + tokens
              + " and "
              + temperature);
    }
    if (topK < 0 || !(topP > 0 && topP <= 1)) {
      throw new InputException(
          "generate: expected top-k >= 0 and top-p above 0 and at most 1, found "
              + topK
              + " and "
              + topP);
    }
  }
}
