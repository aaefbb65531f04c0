package org.foretoken.model.decode;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;

/** Continues prompts with a model whose parameters are on a backend. */
public final class Generator {
  private final CachedModel model;

  /**
   * Prepares caches on {@code backend} for up to {@code capacity} tokens, prompts included, of all
   * sequences that are decoded together. A backend holds one generator at a time.
   */
  public Generator(Backend backend, ModelConfig config, PrecisionTable precision, int capacity) {
    model = new CachedModel(backend, config, ModelLayout.of(config), precision, capacity);
  }

  /**
   * Takes over parameters that have changed on the backend since the generator was made: their FP8
   * codes and absorbed weights are copies, which an evaluation makes anew in part only.
   */
  public void refreshWeights() {
    model.refreshWeights();
  }

  /** The configuration of the model. */
  public ModelConfig config() {
    return model.config();
  }

  /** Tokens that all sequences of a batch may have together. */
  public int capacity() {
    return model.capacity();
  }

  /**
   * Continues a prompt.
   *
   * @throws InputException when prompt or options do not fit the model
   */
  public Generation generate(int[] prompt, GenerateOptions options) {
    return generate(List.of(new GenerateRequest(prompt, options)), TokenListener.NONE).getFirst();
  }

  /**
   * Continues prompts together. Each result is what the prompt alone would give, token for token;
   * prompts may have different lengths and options, and each ends when it is done.
   *
   * @param listener told each token as it is decided
   * @return one generation for each request, in their order
   * @throws InputException when a prompt or options do not fit the model
   */
  public List<Generation> generate(List<GenerateRequest> requests, TokenListener listener) {
    long need = 0;
    for (GenerateRequest request : requests) {
      check(request);
      need += request.prompt().length + (long) request.options().tokens();
    }
    if (need > model.capacity()) {
      throw new InputException(
          "generate: expected prompts and new tokens within "
              + model.capacity()
              + ", found "
              + (requests.size() == 1
                  ? requests.getFirst().prompt().length
                      + " + "
                      + requests.getFirst().options().tokens()
                  : need + " of " + requests.size() + " prompts"));
    }
    List<DecodeSequence> sequences = new ArrayList<>();
    int first = 0;
    for (int i = 0; i < requests.size(); i++) {
      GenerateRequest request = requests.get(i);
      int length = request.prompt().length + request.options().tokens();
      StepRows.Span span = new StepRows.Span(first, length);
      sequences.add(new DecodeSequence(i, request, span, model.config().mtpDepth(), listener));
      first += length;
    }
    return new Speculator(model, sequences).run();
  }

  private void check(GenerateRequest request) {
    int[] prompt = request.prompt();
    if (prompt.length == 0) {
      throw new InputException("generate: expected a prompt of at least one token, found none");
    }
    for (int token : prompt) {
      if (token < 0 || token >= model.config().vocabSize()) {
        throw new InputException(
            "generate: prompt: expected tokens 0 to "
                + (model.config().vocabSize() - 1)
                + ", found "
                + token);
      }
    }
    request.options().require(model.config().mtpDepth());
  }
}
