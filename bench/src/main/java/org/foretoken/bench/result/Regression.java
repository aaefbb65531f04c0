package org.foretoken.bench.result;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.foretoken.fp8.InputException;

/**
 * A case that has become slower than its spread explains.
 *
 * @param id the case
 * @param beforeNs median before
 * @param nowNs median now
 * @param allowed share by which the spreads of both runs let it be slower
 */
public record Regression(String id, double beforeNs, double nowNs, double allowed) {
  /** Medians of two runs of the same program differ by about this much more than their spread. */
  private static final double MARGIN = 0.03;

  /** Time now over time before. */
  public double factor() {
    return nowNs / beforeNs;
  }

  /**
   * Compares a run with the last run of the same suite in a file.
   *
   * @return the cases that are slower by more than the spreads of both runs and 3 %
   * @throws InputException where the file has no comparable run: another suite, other machine
   */
  public static List<Regression> between(SuiteResult now, Path file) {
    List<SuiteResult> runs =
        SuiteResult.history(file).stream().filter(r -> r.suite().equals(now.suite())).toList();
    if (runs.isEmpty()) {
      throw new InputException(
          "--against " + file + ": expected a run of suite '" + now.suite() + "', found none");
    }
    SuiteResult before = runs.getLast();
    if (!before.machine().comparable(now.machine())) {
      throw new InputException(
          "--against "
              + file
              + ": expected a run on this machine ("
              + now.machine().oneLine()
              + "), found one on "
              + before.machine().oneLine());
    }
    Map<String, CaseResult> known =
        before.cases().stream()
            .filter(CaseResult::ok)
            .collect(Collectors.toMap(CaseResult::id, Function.identity()));
    List<Regression> slower = new ArrayList<>();
    for (CaseResult c : now.cases()) {
      CaseResult old = known.get(c.id());
      if (old != null && c.ok()) {
        double allowed = MARGIN + old.spread() + c.spread();
        if (c.medianNs() > old.medianNs() * (1 + allowed)) {
          slower.add(new Regression(c.id(), old.medianNs(), c.medianNs(), allowed));
        }
      }
    }
    return slower;
  }
}
