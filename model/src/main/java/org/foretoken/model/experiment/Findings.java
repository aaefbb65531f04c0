package org.foretoken.model.experiment;

import java.util.List;
import java.util.Map;

/**
 * What the results say.
 *
 * @param verdict about the claim
 * @param words the verdict in words, with its numbers
 * @param decider what size would decide it, or what follows where it is decided
 * @param controls the controls that had to fail
 * @param figures the report's figures
 * @param numbers the main numbers for programs, by name: numbers, and maps of numbers
 */
public record Findings(
    Verdict verdict,
    String words,
    String decider,
    List<Control> controls,
    List<Figure> figures,
    Map<String, Object> numbers) {

  /**
   * A control.
   *
   * @param what what had to fail
   * @param failed whether it did
   * @param words its numbers
   */
  public record Control(String what, boolean failed, String words) {}

  public Findings {
    boolean sound = controls.stream().allMatch(Control::failed);
    if (!sound && verdict == Verdict.HOLDS) {
      verdict = Verdict.UNDECIDED;
      words = "The control did not fail, so this run shows nothing. " + words;
    }
  }

  /** Whether every control failed, as it had to. */
  public boolean controlsFailed() {
    return controls.stream().allMatch(Control::failed);
  }
}
