package org.foretoken.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.foretoken.cli.metrics.MetricsJson;
import org.foretoken.cli.text.Numbers;
import org.foretoken.cli.text.TokenText;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.data.TokenStream;
import org.foretoken.model.decode.GenerateOptions;
import org.foretoken.model.decode.Generation;
import org.foretoken.model.decode.Generator;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.MemoryCheck;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code foretoken generate}: lets a trained model continue a text. */
@Command(
    name = "generate",
    sortOptions = false,
    description = "Continues a text with a trained model, by self-speculative decoding.")
final class GenerateCommand extends ForetokenCommand {
  private static final int MOST_TOKENS = 10_000_000;

  private record Result(
      String prompt,
      String text,
      List<Integer> tokens,
      List<Integer> proposedBy,
      List<Double> acceptance,
      double tokensPerStep,
      double tokensPerSecond,
      boolean speculative,
      double temperature,
      String recipe,
      String device) {}

  @Option(
      names = "--checkpoint",
      paramLabel = "DIR",
      required = true,
      description = "Folder of a run, or of one of its checkpoints.")
  private Path checkpoint;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      required = true,
      description = "Text to continue.")
  private String prompt;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Tokens (bytes) to add at most (default: ${DEFAULT-VALUE}).")
  private int tokens = 256;

  @Option(
      names = "--speculative",
      negatable = true,
      description = "Let the MTP modules draft (default where the model has any), or not.")
  private Boolean speculative;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 takes the likeliest token, 1 samples (default: ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of the sampling (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(names = "--device", paramLabel = "D", description = Devices.HELP)
  private String device = Devices.DEFAULT;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    checkOptions();
    try (LoadedModel model = LoadedModel.open(checkpoint, device)) {
      Generation generation = generate(model);
      List<Integer> written = boxed(generation.tokens());
      if (!written.isEmpty() && written.getLast() == TokenStream.END_OF_DOCUMENT) {
        written = written.subList(0, written.size() - 1);
      }
      String text = TokenText.text(written);
      if (json) {
        out().println(MetricsJson.line(result(model, generation, text)));
        return 0;
      }
      out().println(TokenText.printable(prompt + text));
      out().flush();
      err().println();
      err().println(summary(model, generation));
      return 0;
    }
  }

  private void checkOptions() {
    if (prompt.isEmpty()) {
      throw wrong("--prompt: expected at least one character, found none");
    }
    if (tokens < 1 || tokens > MOST_TOKENS) {
      throw wrong("--tokens: expected 1 to " + MOST_TOKENS + ", found " + tokens);
    }
    if (!(temperature >= 0 && temperature <= 100)) {
      throw wrong("--temperature: expected 0 to 100, found " + temperature);
    }
  }

  private Generation generate(LoadedModel model) {
    ModelConfig config = model.run().model();
    int[] ids = TokenText.tokens(prompt);
    int drafts = drafts(config);
    long capacity = ids.length + (long) tokens;
    requireMemory(config, capacity);
    PrecisionTable precision = PrecisionTable.of(model.run().train().recipe());
    Generator generator =
        new Generator(model.backend(), config, precision, Math.toIntExact(capacity));
    GenerateOptions options =
        new GenerateOptions(tokens, drafts, temperature, seed, TokenStream.END_OF_DOCUMENT);
    return generator.generate(ids, options);
  }

  private int drafts(ModelConfig config) {
    boolean asked = speculative != null && speculative;
    if (asked && config.mtpDepth() == 0) {
      throw wrong(
          "--speculative: expected a model with MTP modules, found one with model.mtp_depth 0;"
              + " leave the option out");
    }
    return speculative == null || speculative ? config.mtpDepth() : 0;
  }

  /** Compares the caches of keys, values and hidden states, all in FP32, with the free memory. */
  private static void requireMemory(ModelConfig config, long capacity) {
    long row = (config.layers() + config.mtpDepth()) * (long) config.attention().cachedPerToken();
    long hidden = (long) config.mtpDepth() * config.hiddenSize();
    long need = (row + hidden) * Float.BYTES * capacity;
    long available = MemoryCheck.availableBytes();
    if (need > available) {
      throw new org.foretoken.fp8.InputException(
          "generate: expected caches of at most "
              + Numbers.bytes(available)
              + " (available), found a need of "
              + Numbers.bytes(need)
              + " for "
              + capacity
              + " tokens; lower --tokens");
    }
  }

  private Result result(LoadedModel model, Generation g, String text) {
    boolean drafting = drafts(model.run().model()) > 0;
    return new Result(
        prompt,
        text,
        boxed(g.tokens()),
        boxed(g.proposedBy()),
        drafting ? Arrays.stream(g.acceptance()).boxed().toList() : List.of(),
        g.tokensPerStep(),
        g.tokensPerSecond(),
        drafting,
        temperature,
        TrainTexts.recipe(model.run()),
        model.backend().name());
  }

  private String summary(LoadedModel model, Generation g) {
    StringBuilder out = new StringBuilder(Numbers.count(g.tokens().length));
    out.append(" tokens, ").append(Numbers.rounded(g.tokensPerSecond())).append(" tokens/s");
    if (drafts(model.run().model()) > 0) {
      out.append(", ").append(Numbers.fixed(g.tokensPerStep(), 2)).append(" tokens a step, drafts");
      out.append(" accepted");
      for (double rate : g.acceptance()) {
        out.append(' ').append(Numbers.percent(rate));
      }
    }
    return out.append(" (").append(model.backend().description()).append(')').toString();
  }

  private static List<Integer> boxed(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
