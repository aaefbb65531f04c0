package org.foretoken.model.decode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Plain and speculative decoding of the same prompts on the same machine, by turns.
 *
 * @param prompts number of prompts
 * @param batch prompts decoded together
 * @param drafts drafts of a step
 * @param tokens tokens written in all, each way and round
 * @param steps runs of the trunk that speculation took for them; the first round's
 * @param acceptance the counts of all drafts of a round
 * @param acceptanceByPosition the same for each {@code positionWidth} new tokens
 * @param positionWidth new tokens of an entry of {@code acceptanceByPosition}
 * @param plainTokensPerSecond of each round, without speculation
 * @param speculativeTokensPerSecond of each round, with it
 * @param same whether both ways wrote the same tokens, in every round
 */
public record DecodeComparison(
    int prompts,
    int batch,
    int drafts,
    long tokens,
    long steps,
    Acceptance acceptance,
    List<Acceptance> acceptanceByPosition,
    int positionWidth,
    List<Double> plainTokensPerSecond,
    List<Double> speculativeTokensPerSecond,
    boolean same) {
  /** Entries of {@link #acceptanceByPosition}, at most. */
  private static final int POSITIONS = 8;

  /**
   * Decodes all prompts plainly and speculating, by turns, {@code rounds} times or until {@code
   * seconds} have passed, at least once.
   *
   * @param options options of the speculative way; its drafts are left out in the plain one
   * @param batch prompts to decode together
   */
  public static DecodeComparison run(
      Generator generator,
      List<int[]> prompts,
      GenerateOptions options,
      int batch,
      int rounds,
      double seconds) {
    List<Double> plainSpeed = new ArrayList<>();
    List<Double> speed = new ArrayList<>();
    List<Generation> speculative = List.of();
    boolean same = true;
    long end = System.nanoTime() + (long) (seconds * 1e9);
    for (int round = 0; round < rounds && (round == 0 || System.nanoTime() < end); round++) {
      List<Generation> plain = new ArrayList<>();
      plainSpeed.add(decode(generator, prompts, options.withDrafts(0), batch, plain));
      speculative = new ArrayList<>();
      speed.add(decode(generator, prompts, options, batch, speculative));
      for (int i = 0; i < prompts.size(); i++) {
        same &= Arrays.equals(plain.get(i).tokens(), speculative.get(i).tokens());
      }
    }
    int width = Math.max(1, Math.ceilDiv(options.tokens(), POSITIONS));
    int entries = Math.ceilDiv(options.tokens(), width);
    int drafts = options.drafts();
    return new DecodeComparison(
        prompts.size(),
        batch,
        drafts,
        speculative.stream().mapToLong(g -> g.tokens().length).sum(),
        speculative.stream().mapToLong(Generation::steps).sum(),
        Acceptance.of(speculative, drafts),
        Acceptance.byPosition(speculative, drafts, width, entries),
        width,
        List.copyOf(plainSpeed),
        List.copyOf(speed),
        same);
  }

  /** Decodes all prompts once; returns tokens a second, prompts not counted. */
  private static double decode(
      Generator generator,
      List<int[]> prompts,
      GenerateOptions options,
      int batch,
      List<Generation> to) {
    double seconds = 0;
    long tokens = 0;
    for (int i = 0; i < prompts.size(); i += batch) {
      List<GenerateRequest> requests =
          prompts.subList(i, Math.min(prompts.size(), i + batch)).stream()
              .map(prompt -> new GenerateRequest(prompt, options))
              .toList();
      List<Generation> done = generator.generate(requests, TokenListener.NONE);
      seconds += done.stream().mapToDouble(Generation::decodeSeconds).max().orElse(0);
      tokens += done.stream().mapToLong(g -> g.tokens().length).sum();
      to.addAll(done);
    }
    return tokens / seconds;
  }

  /** New tokens for each run of the trunk and prompt, speculating. */
  public double tokensPerStep() {
    return steps == 0 ? 0 : tokens / (double) steps;
  }

  /** Median over the rounds of the speed without speculation. */
  public double plainMedian() {
    return median(plainTokensPerSecond);
  }

  /** Median over the rounds of the speed with speculation. */
  public double speculativeMedian() {
    return median(speculativeTokensPerSecond);
  }

  /** Median over the rounds of the ratio of the two speeds of a round. */
  public double speedup() {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < plainTokensPerSecond.size(); i++) {
      ratios.add(speculativeTokensPerSecond.get(i) / plainTokensPerSecond.get(i));
    }
    return median(ratios);
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return sorted[sorted.length / 2];
  }
}
