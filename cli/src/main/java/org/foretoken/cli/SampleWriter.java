package org.foretoken.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.foretoken.cli.metrics.MetricsLine;
import org.foretoken.cli.text.TokenText;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.data.TokenStream;
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
  private static final long MEASURING_NANOS = 5_000_000_000L;

  private final RunConfig run;
  private final Generator generator;
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
      boolean line = i > 0 && text.token(i - 1) == '\n';
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

  /** Continues the first prompt; the weights must not have changed since the last evaluation. */
  MetricsLine.Sample sample(int step) {
    int drafts = run.model().mtpDepth();
    GenerateOptions options =
        new GenerateOptions(
            sampleTokens, drafts, TEMPERATURE, run.train().seed(), TokenStream.END_OF_DOCUMENT);
    Generation g = generator.generate(prompts.getFirst(), options);
    List<Integer> tokens = boxed(g.tokens());
    boolean ended = !tokens.isEmpty() && tokens.getLast() == TokenStream.END_OF_DOCUMENT;
    List<Integer> shown = ended ? tokens.subList(0, tokens.size() - 1) : tokens;
    List<Integer> proposedBy = boxed(g.proposedBy()).subList(0, shown.size());
    return new MetricsLine.Sample(
        step, boxed(prompts.getFirst()), shown, proposedBy, TEMPERATURE, TokenText.text(shown));
  }

  /**
   * Decodes all prompts greedily, plainly and speculating by turns, and takes the medians of the
   * rounds' speeds: the first rounds, in which the JVM still compiles, and a busy machine's worst
   * ones do not count for much.
   */
  MetricsLine.Decoding measure(int step) {
    int depths = run.model().mtpDepth();
    List<Double> plainSpeed = new ArrayList<>();
    List<Double> speed = new ArrayList<>();
    List<Generation> last = List.of();
    boolean same = true;
    long end = System.nanoTime() + MEASURING_NANOS;
    for (int round = 0; round < ROUNDS && (round == 0 || System.nanoTime() < end); round++) {
      List<Generation> plain = decode(0);
      last = decode(depths);
      plainSpeed.add(tokensPerSecond(plain));
      speed.add(tokensPerSecond(last));
      for (int i = 0; i < prompts.size(); i++) {
        same &= Arrays.equals(plain.get(i).tokens(), last.get(i).tokens());
      }
    }
    List<Double> acceptance = new ArrayList<>();
    for (int k = 0; k < depths; k++) {
      int depth = k;
      long proposed = last.stream().mapToLong(g -> g.proposed()[depth]).sum();
      long accepted = last.stream().mapToLong(g -> g.accepted()[depth]).sum();
      acceptance.add(proposed == 0 ? 0 : accepted / (double) proposed);
    }
    long tokens = last.stream().mapToLong(g -> g.tokens().length).sum();
    long steps = last.stream().mapToLong(Generation::steps).sum();
    return new MetricsLine.Decoding(
        step,
        prompts.size(),
        tokens,
        List.copyOf(acceptance),
        tokens / (double) Math.max(1, steps),
        median(plainSpeed),
        median(speed),
        same);
  }

  private List<Generation> decode(int drafts) {
    return prompts.stream()
        .map(p -> generator.generate(p, greedy(measuredTokens, drafts)))
        .toList();
  }

  private static double tokensPerSecond(List<Generation> generations) {
    long tokens = generations.stream().mapToLong(g -> g.tokens().length).sum();
    return tokens / generations.stream().mapToDouble(Generation::decodeSeconds).sum();
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[sorted.length / 2];
  }

  private static GenerateOptions greedy(int tokens, int drafts) {
    return new GenerateOptions(tokens, drafts, 0, 0, -1);
  }

  private static List<Integer> boxed(int[] values) {
    return Arrays.stream(values).boxed().toList();
  }
}
