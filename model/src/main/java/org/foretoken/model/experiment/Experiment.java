package org.foretoken.model.experiment;

import java.util.List;

/**
 * A claim of the chapter with what it takes to test it. The records' components are the sizes, so
 * that the same code runs in a test, in a quick look and in full.
 *
 * <p>An experiment has arms: the variants that it compares. All arms of a seed see the same data
 * and the same initial weights, so that differences between arms are paired by seed.
 */
public sealed interface Experiment
    permits Densification,
        DataEfficiency,
        ChoicePoints,
        SpeculativeSpeed,
        FineGrained,
        Accumulation,
        Formats,
        Online,
        LossParity,
        Memory {
  /** What is compared, in the order it is run for each seed. */
  List<String> arms();

  /** Runs one arm with one seed. */
  Measurement measure(String arm, long seed, Workspace workspace);

  /** What the runs so far say; at least one seed has all arms. */
  Findings conclude(Results results);

  /**
   * Whether another seed is wanted after {@code seeds} complete ones: experiments that stop as soon
   * as they are decided say so here.
   */
  default boolean wantsMore(Results results, int seeds) {
    return true;
  }
}
