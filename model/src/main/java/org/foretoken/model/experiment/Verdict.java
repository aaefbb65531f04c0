package org.foretoken.model.experiment;

/** What an experiment says about its claim, at the size that was run. */
public enum Verdict {
  /** The claim's numbers were seen, with their intervals on the right side. */
  HOLDS("holds"),
  /** The intervals are on the other side. */
  DOES_NOT_HOLD("does not hold"),
  /** The intervals reach across, or the control did not fail. */
  UNDECIDED("undecided at this size");

  private final String words;

  Verdict(String words) {
    this.words = words;
  }

  /** As a reader sees it. */
  public String words() {
    return words;
  }

  /** Holds below the bound, does not hold above it, undecided across. */
  static Verdict below(Interval interval, double bound) {
    return interval.below(bound) ? HOLDS : interval.above(bound) ? DOES_NOT_HOLD : UNDECIDED;
  }
}
