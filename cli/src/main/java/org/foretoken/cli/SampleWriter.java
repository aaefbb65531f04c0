package org.foretoken.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.foretoken.cli.metrics.MetricsLine;
import org.foretoken.cli.text.TokenText;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.data.ByteTokenizer;
import org.foretoken.model.data.TextDecoder;
import org.foretoken.model.data.TokenStream;
import org.foretoken.model.data.Tokenizer;
import org.foretoken.model.decode.Acceptance;
import org.foretoken.model.decode.DecodeComparison;
import org.foretoken.model.decode.GenerateOptions;
import org.foretoken.model.decode.Generation;
import org.foretoken.model.decode.Generator;
import org.foretoken.model.nn.PrecisionTable;

/** Lets a model that is being trained continue held-out text, and measures how fast it does. */
final class SampleWriter {
  private static final double TEMPERATURE = 0.8;
  private static final int PROMPTS = 4;
  private static final int LONGEST_PROMPT = 64;
  private static final int LONGEST_SAMPLE = 400;
  private static final int ROUNDS = 15;
  private static final double MEASURING_SECONDS = 5;

  private final RunConfig run;
  private final Generator generator;
  private final Tokenizer tokenizer;
  private final List<int[]> prompts = new ArrayList<>();
  private final int sampleTokens;
  private final int measuredTokens;

  /**
   * Prepares decoding beside training.
   *
   * @param heldOut text to take prompts from
   */
  SampleWriter(RunConfig run, Backend backend, TokenStream heldOut) {
    this.run = run;
    tokenizer = Tokenizer.open(run.data().tokenizer());
    // Within the trained length: further positions were never seen.
    int length = run.train().sequenceLength();
    int promptTokens = Math.clamp(length / 4, 1, LONGEST_PROMPT);
    sampleTokens = Math.clamp(length - promptTokens, 32, LONGEST_SAMPLE);
    measuredTokens = Math.clamp(length / 2, 32, 128);
    for (int i = 0; i < PROMPTS; i++) {
      prompts.add(prompt(heldOut, (2 * i + 1) / (2.0 * PROMPTS), promptTokens));
    }
    ModelConfig model = run.model();
    PrecisionTable precision = PrecisionTable.of(run.train().recipe());
    generator = new Generator(backend, model, precision, promptTokens + sampleTokens);
  }

  /** Tokens of one document from about {@code place} on, at the start of a line if there is one. */
  private static int[] prompt(TokenStream text, double place, int length) {
    int last = Math.max(0, text.length() - length - 1);
    int from = (int) (place * last);
    int start = from;
    for (int i = from; i <= Math.min(last, from + 4096); i++) {
      boolean line = i > 0 && text.ofBytes() && text.token(i - 1) == '\n';
      if (line && text.documentStart(i) == text.documentStart(i + length - 1)) {
        start = i;
        break;
      }
    }
    int[] tokens = new int[Math.min(length, text.length() - start)];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = text.token(start + i);
    }
    return tokens;
  }

  /** Continues the first prompt with the weights of now. */
  MetricsLine.Sample sample(int step) {
    generator.refreshWeights();
    int drafts = run.model().mtpDepth();
    int end = tokenizer.endOfText();
    GenerateOptions options =
        new GenerateOptions(sampleTokens, drafts, TEMPERATURE, run.train().seed(), end);
    Generation g = generator.generate(prompts.getFirst(), options);
    List<Integer> tokens = boxed(g.tokens());
    boolean ended = !tokens.isEmpty() && tokens.getLast() == end;
    List<Integer> shown = ended ? tokens.subList(0, tokens.size() - 1) : tokens;
    List<Integer> proposedBy = boxed(g.proposedBy()).subList(0, shown.size());
    List<Integer> prompt = boxed(prompts.getFirst());
    if (tokenizer instanceof ByteTokenizer) {
      String text = TokenText.text(shown);
      return new MetricsLine.Sample(step, prompt, shown, proposedBy, TEMPERATURE, text);
    }
    String before = tokenizer.decode(prompts.getFirst());
    List<String> pieces = pieces(prompts.getFirst(), shown);
    String text = String.join("", pieces);
    return new MetricsLine.Sample(
        step, prompt, shown, proposedBy, TEMPERATURE, text, before, pieces);
  }

  /** Text of each token, a character with the last of its tokens. */
  private List<String> pieces(int[] prompt, List<Integer> tokens) {
    TextDecoder decoder = tokenizer.decoder();
    for (int token : prompt) {
      decoder.next(token);
    }
    decoder.rest();
    List<String> pieces = new ArrayList<>();
    for (int token : tokens) {
      pieces.add(decoder.next(token));
    }
    if (!pieces.isEmpty()) {
      pieces.add(pieces.removeLast() + decoder.rest());
    }
    return List.copyOf(pieces);
  }

  /** Frees the tokenizer. */
  void close() {
    tokenizer.close();
  }

  /**
   * Decodes all prompts greedily, plainly and speculating by turns, and takes the medians of the
   * rounds' speeds: the first rounds, in which the JVM still compiles, and a busy machine's worst
   * ones do not count for much.
   */
  MetricsLine.Decoding measure(int step) {
    generator.refreshWeights();
    int depths = run.model().mtpDepth();
    DecodeComparison c =
        DecodeComparison.run(
            generator,
            prompts,
            GenerateOptions.greedy(measuredTokens, depths),
            1,
            ROUNDS,
            MEASURING_SECONDS);
    return new MetricsLine.Decoding(
        step,
        c.prompts(),
        c.tokens(),
        c.acceptance().rates(),
        c.tokensPerStep(),
        c.plainMedian(),
        c.speculativeMedian(),
        c.same(),
        c.speedup(),
        c.acceptance().conditionalRates(),
        c.positionWidth(),
        c.acceptanceByPosition().stream().map(Acceptance::rates).toList());
  }

  private static List<Integer> boxed(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
