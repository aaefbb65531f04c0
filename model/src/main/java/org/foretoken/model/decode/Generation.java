package org.foretoken.model.decode;

/**
 * What was generated, and at what cost.
 *
 * @param tokens the new tokens
 * @param proposedBy for each new token the depth of the MTP module that proposed it, 0 for the
 *     trunk
 * @param steps runs of the trunk
 * @param proposed drafts that the trunk checked, per depth 1..D
 * @param accepted drafts that it accepted, per depth 1..D
 * @param decodeSeconds time for everything after the prompt was read
 */
public record Generation(
    int[] tokens,
    int[] proposedBy,
    int steps,
    long[] proposed,
    long[] accepted,
    double decodeSeconds) {
  /** Share of drafts accepted, per depth 1..D; 0 where none was proposed. */
  public double[] acceptance() {
    double[] rate = new double[proposed.length];
    for (int k = 0; k < rate.length; k++) {
      rate[k] = proposed[k] == 0 ? 0 : accepted[k] / (double) proposed[k];
    }
    return rate;
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
