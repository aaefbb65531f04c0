package org.foretoken.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import org.foretoken.cli.metrics.MetricsJson;
import org.foretoken.cli.text.KvCacheText;
import org.foretoken.cli.text.Numbers;
import org.foretoken.cli.text.TokenText;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.data.TextDecoder;
import org.foretoken.model.decode.Acceptance;
import org.foretoken.model.decode.CachedModel;
import org.foretoken.model.decode.DecodeComparison;
import org.foretoken.model.decode.GenerateOptions;
import org.foretoken.model.decode.GenerateRequest;
import org.foretoken.model.decode.Generation;
import org.foretoken.model.decode.Generator;
import org.foretoken.model.decode.TokenListener;
import org.foretoken.model.memory.KvCache;
import org.foretoken.model.train.MemoryCheck;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code foretoken generate}: lets a trained model continue texts. */
@Command(
    name = "generate",
    sortOptions = false,
    description = "Continues texts with a trained model, by self-speculative decoding.",
    footer = {
      "",
      "Examples:",
      "  foretoken generate --checkpoint runs/tiny --prompt 'public '",
      "  foretoken generate --model exported/ --prompt 'if (' --prompt 'for (' --drafts 2",
      "  foretoken generate --checkpoint runs/tiny --prompt 'public ' --rounds 9"
    })
final class GenerateCommand extends ForetokenCommand {
  private static final int MOST_TOKENS = 10_000_000;
  private static final double COMPARING_SECONDS = 120;

  private record Result(
      String prompt,
      String text,
      List<Integer> tokens,
      List<Integer> proposedBy,
      List<Double> acceptance,
      List<Double> conditionalAcceptance,
      double tokensPerStep,
      double tokensPerSecond,
      double promptSeconds,
      boolean speculative,
      int drafts,
      double temperature,
      String recipe,
      String device,
      Cache kvCache,
      Comparison comparison) {}

  /** Bytes that decoding keeps of a token, beside what other attentions would. */
  private record Cache(long bytesPerToken, long multiHead, long groupedQuery, long groupedHeads) {
    static Cache of(KvCache c) {
      return new Cache(
          c.bytes(Float.BYTES),
          c.multiHeadBytes(Float.BYTES),
          c.groupedQueryBytes(Float.BYTES),
          c.groupedHeads());
    }
  }

  /** Plain and speculative decoding by turns, in tokens a second. */
  private record Comparison(
      int prompts,
      long tokens,
      List<Double> acceptance,
      List<Double> conditionalAcceptance,
      int positionWidth,
      List<List<Double>> acceptanceByPosition,
      double tokensPerStep,
      List<Double> plainTokensPerSecond,
      List<Double> speculativeTokensPerSecond,
      double plainMedian,
      double speculativeMedian,
      double speedup,
      boolean same) {
    static Comparison of(DecodeComparison c) {
      return new Comparison(
          c.prompts(),
          c.tokens(),
          c.acceptance().rates(),
          c.acceptance().conditionalRates(),
          c.positionWidth(),
          c.acceptanceByPosition().stream().map(Acceptance::rates).toList(),
          c.tokensPerStep(),
          c.plainTokensPerSecond(),
          c.speculativeTokensPerSecond(),
          c.plainMedian(),
          c.speculativeMedian(),
          c.speedup(),
          c.same());
    }
  }

  @Option(
      names = {"--checkpoint", "--model"},
      paramLabel = "DIR",
      required = true,
      description =
          "Folder of a run, of one of its checkpoints, or of a model with config.json and"
              + " safetensors in DeepSeek-V3's or Llama's names.")
  private Path checkpoint;

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      required = true,
      description = "Text to continue; several are continued together.")
  private List<String> prompts;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      description = "Tokens to add at most (default: ${DEFAULT-VALUE}).")
  private int tokens = 256;

  @Option(
      names = "--speculative",
      negatable = true,
      description = "Let the MTP modules draft (default where the model has any), or not.")
  private Boolean speculative;

  @Option(
      names = "--drafts",
      paramLabel = "K",
      description =
          "Drafts a step (default: one for each MTP module). More than that come from the last"
              + " module, fed its own hidden state.")
  private Integer drafts;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 takes the likeliest token, 1 samples (default: ${DEFAULT-VALUE}).")
  private double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "N",
      description = "Sample from the N likeliest tokens; 0: from all (default).")
  private int topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Sample from the likeliest tokens that reach this probability (default: 1).")
  private double topP = 1;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description =
          "Seed of the sampling; each further prompt has the next one (default: ${DEFAULT-VALUE}).")
  private long seed = 1;

  @Option(
      names = "--mtp-depth",
      paramLabel = "D",
      description = "MTP modules to read from the folder of a model; 0: its trunk alone.")
  private Integer mtpDepth;

  @Option(
      names = "--tokenizer",
      paramLabel = "FILE",
      description = "A tokenizer.json, or 'bytes', instead of the model's own.")
  private String tokenizer;

  @Option(
      names = "--recipe",
      paramLabel = "R",
      description = "Precision: fp32, bf16, deepseek (default: the model's own).")
  private Recipe recipe;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Then decode with and without drafts, by turns, and compare their speeds.")
  private int rounds;

  @Option(names = "--device", paramLabel = "D", description = Devices.HELP)
  private String device = Devices.DEFAULT;

  @Mixin private GpuOptions gpu;

  @Option(names = "--json", description = "Print one JSON object for each prompt.")
  private boolean json;

  @Override
  public Integer call() {
    checkOptions();
    OptionalInt depth = mtpDepth == null ? OptionalInt.empty() : OptionalInt.of(mtpDepth);
    LoadedModel.Wishes wishes = new LoadedModel.Wishes(depth, tokenizer, recipe);
    try (LoadedModel model = LoadedModel.open(checkpoint, () -> gpu.open(device, false), wishes)) {
      return run(model);
    }
  }

  private int run(LoadedModel model) {
    int k = drafts(model.model());
    List<GenerateRequest> requests = new ArrayList<>();
    long capacity = 0;
    for (int i = 0; i < prompts.size(); i++) {
      int[] ids = model.encode(prompts.get(i));
      GenerateOptions options =
          new GenerateOptions(tokens, k, temperature, topK, topP, seed + i, model.endOfText());
      requests.add(new GenerateRequest(ids, options));
      capacity += ids.length + (long) tokens;
    }
    requireMemory(model.model(), capacity, model.backend() instanceof HostBackend);
    Generator generator = model.generator(Math.toIntExact(capacity));
    boolean streaming = !json && prompts.size() == 1;
    TextDecoder decoder = streaming ? started(model, requests.getFirst()) : null;
    TokenListener listener =
        streaming
            ? (request, token, by) -> print(token == model.endOfText() ? "" : decoder.next(token))
            : TokenListener.NONE;
    List<Generation> generations = generator.generate(requests, listener);
    if (streaming) {
      print(decoder.rest());
      out().println();
    }
    DecodeComparison comparison = rounds == 0 ? null : compare(generator, requests, k);
    for (int i = 0; i < generations.size(); i++) {
      String text = text(model, generations.get(i).tokens());
      if (json) {
        Comparison c = comparison == null ? null : Comparison.of(comparison);
        out().println(MetricsJson.line(result(model, k, i, generations.get(i), text, c)));
      } else if (!streaming) {
        out().println(TokenText.printable(prompts.get(i) + text));
        out().println();
      }
    }
    out().flush();
    if (!json) {
      err().println();
      err().println(summary(model, k, generations));
      KvCache cache = KvCache.of(model.model());
      err().println("KV cache " + KvCacheText.line(cache, Float.BYTES, "F32"));
      if (comparison != null) {
        describe(comparison, err());
      }
    }
    return comparison == null || comparison.same() ? 0 : Failures.FAILED;
  }

  /** Prints the prompt, and starts a decoder that knows it. */
  private TextDecoder started(LoadedModel model, GenerateRequest request) {
    print(prompts.getFirst());
    TextDecoder decoder = model.tokenizer().decoder();
    for (int token : request.prompt()) {
      decoder.next(token);
    }
    decoder.rest();
    return decoder;
  }

  private void print(String text) {
    out().print(TokenText.printable(text));
    out().flush();
  }

  private static String text(LoadedModel model, int[] tokens) {
    boolean ended = tokens.length > 0 && tokens[tokens.length - 1] == model.endOfText();
    int[] written = ended ? Arrays.copyOf(tokens, tokens.length - 1) : tokens;
    return model.tokenizer().decode(written);
  }

  private void checkOptions() {
    if (prompts.stream().anyMatch(String::isEmpty)) {
      throw wrong("--prompt: expected at least one character, found none");
    }
    if (tokens < 1 || tokens > MOST_TOKENS) {
      throw wrong("--tokens: expected 1 to " + MOST_TOKENS + ", found " + tokens);
    }
    if (!(temperature >= 0 && temperature <= 100)) {
      throw wrong("--temperature: expected 0 to 100, found " + temperature);
    }
    if (mtpDepth != null && mtpDepth < 0) {
      throw wrong("--mtp-depth: expected 0 or more, found " + mtpDepth);
    }
    if (rounds < 0 || rounds > 0 && temperature > 0) {
      throw wrong(
          "--rounds: expected 0 or more, and --temperature 0, for both ways to write the same; found "
              + rounds
              + " and "
              + temperature);
    }
  }

  private int drafts(ModelConfig config) {
    boolean none = speculative != null && !speculative;
    boolean asked = speculative != null && speculative || drafts != null && drafts > 0;
    if (asked && config.mtpDepth() == 0) {
      throw wrong(
          (drafts != null ? "--drafts" : "--speculative")
              + ": expected a model with MTP modules, found one with model.mtp_depth 0; leave"
              + " the option out");
    }
    if (none) {
      if (drafts != null && drafts > 0) {
        throw wrong("--drafts: expected none with --no-speculative, found " + drafts);
      }
      return 0;
    }
    return drafts == null ? config.mtpDepth() : drafts;
  }

  /** Compares what the caches will take with the free memory. */
  private static void requireMemory(ModelConfig config, long capacity, boolean host) {
    long need = CachedModel.cacheBytes(config, capacity, host);
    long available = MemoryCheck.availableBytes();
    if (need > available || capacity > Integer.MAX_VALUE - 1) {
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

  private DecodeComparison compare(Generator generator, List<GenerateRequest> requests, int k) {
    if (k == 0) {
      throw wrong("--rounds: expected drafts to compare plain decoding with, found none");
    }
    List<int[]> ids = requests.stream().map(GenerateRequest::prompt).toList();
    GenerateOptions options = requests.getFirst().options();
    return DecodeComparison.run(generator, ids, options, ids.size(), rounds, COMPARING_SECONDS);
  }

  private Result result(
      LoadedModel model, int k, int i, Generation g, String text, Comparison comparison) {
    Acceptance acceptance = g.acceptance(k);
    return new Result(
        prompts.get(i),
        text,
        boxed(g.tokens()),
        boxed(g.proposedBy()),
        acceptance.rates(),
        acceptance.conditionalRates(),
        g.tokensPerStep(),
        g.tokensPerSecond(),
        g.promptSeconds(),
        k > 0,
        k,
        temperature,
        model.recipe().name().toLowerCase(Locale.ROOT),
        model.backend().name(),
        Cache.of(KvCache.of(model.model())),
        comparison);
  }

  private static String summary(LoadedModel model, int k, List<Generation> all) {
    long written = all.stream().mapToLong(g -> g.tokens().length).sum();
    long steps = all.stream().mapToLong(Generation::steps).sum();
    double seconds = all.stream().mapToDouble(Generation::decodeSeconds).max().orElse(0);
    StringBuilder out = new StringBuilder(Numbers.count(written));
    out.append(" tokens, ").append(Numbers.rounded(written / seconds)).append(" tokens/s");
    if (k > 0) {
      out.append(", ").append(Numbers.fixed(written / (double) steps, 2));
      out.append(" tokens a step, drafts accepted");
      for (double rate : Acceptance.of(all, k).rates()) {
        out.append(' ').append(Numbers.percent(rate));
      }
    }
    return out.append(" (").append(model.backend().description()).append(')').toString();
  }

  private static void describe(DecodeComparison c, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%d rounds by turns: plain %s, speculative %s tokens/s (medians), %.2f x; %s%n",
        c.plainTokensPerSecond().size(),
        Numbers.rounded(c.plainMedian()),
        Numbers.rounded(c.speculativeMedian()),
        c.speedup(),
        c.same() ? "the same tokens" : "OTHER TOKENS, which is a defect of the program");
    StringBuilder line = new StringBuilder("accepted, by position");
    for (int i = 0; i < c.acceptanceByPosition().size(); i++) {
      line.append(i == 0 ? ": " : ", ");
      line.append(i * c.positionWidth()).append("+");
      for (double rate : c.acceptanceByPosition().get(i).rates()) {
        line.append(' ').append(Numbers.percent(rate));
      }
    }
    out.println(line);
  }

  private static List<Integer> boxed(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
