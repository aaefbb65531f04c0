package org.foretoken.model.decode;

import java.util.List;

/**
 * What was generated, and at what cost.
 *
 * @param tokens the new tokens
 * @param proposedBy for each new token the number of the draft that it was, 0 for the trunk's own
 * @param steps runs of the trunk that it took part in
 * @param checks every draft that the trunk was shown, in order
 * @param promptSeconds time for reading the prompts of the batch into the caches of the trunk and
 *     of the modules that draft
 * @param decodeSeconds time from then to its last token; prompts that were decoded beside it are in
 *     it
 */
public record Generation(
    int[] tokens,
    int[] proposedBy,
    int steps,
    List<DraftCheck> checks,
    double promptSeconds,
    double decodeSeconds) {
  /** Copies the list. */
  public Generation {
    checks = List.copyOf(checks);
  }

  /** Drafts by their number in the step, for steps of up to {@code drafts}. */
  public Acceptance acceptance(int drafts) {
    return Acceptance.of(List.of(this), drafts);
  }

  /** Drafts that were accepted. */
  public long accepted() {
    return checks.stream().filter(DraftCheck::accepted).count();
  }

  /** New tokens for each run of the trunk. */
  public double tokensPerStep() {
    return steps == 0 ? 0 : tokens.length / (double) steps;
  }

  /** New tokens a second. */
  public double tokensPerSecond() {
    return decodeSeconds == 0 ? 0 : tokens.length / decodeSeconds;
  }
}
