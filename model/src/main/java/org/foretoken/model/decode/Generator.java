package org.foretoken.model.decode;

import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;

/** Continues prompts with a model whose parameters are on a backend. */
public final class Generator {
  private final CachedModel model;

  /**
   * Prepares caches on {@code backend} for sequences of up to {@code capacity} tokens, prompt
   * included. A backend holds one generator at a time.
   */
  public Generator(Backend backend, ModelConfig config, PrecisionTable precision, int capacity) {
    // Drafts may run a little past the end of what was asked for.
    int rows = capacity + config.mtpDepth() + 1;
    model = new CachedModel(backend, config, ModelLayout.of(config), precision, rows);
  }

  /**
   * Continues a prompt.
   *
   * @throws InputException when prompt or options do not fit the model
   */
  public Generation generate(int[] prompt, GenerateOptions options) {
    ModelConfig config = model.config();
    if (prompt.length == 0) {
      throw new InputException("generate: expected a prompt of at least one token, found none");
    }
    for (int token : prompt) {
      if (token < 0 || token >= config.vocabSize()) {
        throw new InputException(
            "generate: prompt: expected tokens 0 to "
                + (config.vocabSize() - 1)
                + ", found "
                + token);
      }
    }
    if (options.drafts() < 0 || options.drafts() > config.mtpDepth()) {
      throw new InputException(
          "generate: expected 0 to "
              + config.mtpDepth()
              + " drafts (the model's MTP modules), found "
              + options.drafts());
    }
    if (options.tokens() < 1 || !(options.temperature() >= 0)) {
      throw new InputException(
          "generate: expected tokens >= 1 and temperature >= 0, found "
              + options.tokens()
              + " and "
              + options.temperature());
    }
    int need = prompt.length + options.tokens() + config.mtpDepth() + 1;
    if (need > model.capacity()) {
      throw new InputException(
          "generate: expected prompt and new tokens within "
              + (model.capacity() - config.mtpDepth() - 1)
              + ", found "
              + prompt.length
              + " + "
              + options.tokens());
    }
    return new Speculator(model, prompt, options).run();
  }
}
