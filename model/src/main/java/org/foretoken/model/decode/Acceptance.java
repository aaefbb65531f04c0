package org.foretoken.model.decode;

import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * Counts of drafts, by their number in the step (index 0 is the first draft).
 *
 * @param proposed drafts made
 * @param reached of which all earlier ones in the step were accepted
 * @param accepted of which accepted
 */
public record Acceptance(long[] proposed, long[] reached, long[] accepted) {
  /** The counts of all drafts of some generations. */
  public static Acceptance of(List<Generation> generations, int drafts) {
    return count(generations, drafts, check -> true);
  }

  /**
   * The counts by where in the continuation the proposed token was: entry i covers new tokens i *
   * width to (i + 1) * width - 1.
   */
  public static List<Acceptance> byPosition(
      List<Generation> generations, int drafts, int width, int entries) {
    Acceptance[] result = new Acceptance[entries];
    for (int i = 0; i < entries; i++) {
      int from = i * width;
      result[i] =
          count(generations, drafts, c -> c.position() >= from && c.position() < from + width);
    }
    return List.of(result);
  }

  private static Acceptance count(
      List<Generation> generations, int drafts, Predicate<DraftCheck> wanted) {
    Acceptance sum = new Acceptance(new long[drafts], new long[drafts], new long[drafts]);
    for (Generation g : generations) {
      for (DraftCheck c : g.checks()) {
        if (wanted.test(c)) {
          sum.proposed[c.depth() - 1]++;
          sum.reached[c.depth() - 1] += c.reached() ? 1 : 0;
          sum.accepted[c.depth() - 1] += c.accepted() ? 1 : 0;
        }
      }
    }
    return sum;
  }

  /** Share of the proposed drafts that were accepted, by number; 0 where none was proposed. */
  public List<Double> rates() {
    return ratios(accepted, proposed);
  }

  /** Share accepted of those whose predecessors in the step were accepted; 0 where none was. */
  public List<Double> conditionalRates() {
    return ratios(accepted, reached);
  }

  private static List<Double> ratios(long[] part, long[] whole) {
    double[] rates = new double[part.length];
    Arrays.setAll(rates, k -> whole[k] == 0 ? 0 : part[k] / (double) whole[k]);
    return Arrays.stream(rates).boxed().toList();
  }
}
