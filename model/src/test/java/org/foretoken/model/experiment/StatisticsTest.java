package org.foretoken.model.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StatisticsTest {
  @Test
  void theIntervalIsStudents() {
    // 1 to 5: mean 3, deviation sqrt(2.5); t(4, 97.5%) = 2.7764 from tables
    Interval i = Interval.of(List.of(1.0, 2.0, 3.0, 4.0, 5.0));
    assertThat(i.mean()).isEqualTo(3);
    assertThat(i.high() - i.mean()).isCloseTo(2.7764 * Math.sqrt(2.5 / 5), within(1e-3));
    assertThat(i.low()).isCloseTo(3 - (i.high() - 3), within(1e-12));
    assertThat(Interval.of(List.of(7.0)).high()).isEqualTo(7);
    Interval turned = Texts.scaled(i, -2);
    assertThat(turned.low()).isEqualTo(-2 * i.high());
    assertThat(turned.high()).isEqualTo(-2 * i.low());
  }

  @Test
  void moreSeedsAreAskedForWhereTheIntervalReachesAcross() {
    Interval i = Interval.of(List.of(-1.0, 0.5, 2.0));
    assertThat(i.below(0) || i.above(0)).isFalse();
    assertThat(i.seedsToDecide(0, 1000)).isBetween(4, 100);
    assertThat(Interval.of(List.of(-1.0, 1.0)).seedsToDecide(0, 1000)).isEqualTo(1000);
  }

  @Test
  void differencesArePairedBySeed() {
    Results results = new Results();
    double[] level = {1, 5, 9};
    for (int seed = 3; seed >= 1; seed--) {
      add(results, "base", seed, level[seed - 1]);
      add(results, "arm", seed, level[seed - 1] * 1.01);
    }
    add(results, "arm", 4, 100); // no partner
    assertThat(results.relative("arm", "base", "x"))
        .hasSize(3)
        .allSatisfy(r -> assertThat(r).isCloseTo(0.01, within(1e-12)));
    assertThat(results.differences("arm", "base", "x").getFirst()).isCloseTo(0.01, within(1e-12));
  }

  @Test
  void aControlThatDoesNotFailVoidsTheVerdict() {
    Findings findings =
        new Findings(
            Verdict.HOLDS,
            "words",
            "",
            List.of(new Findings.Control("must fail", false, "")),
            List.of(),
            Map.of());
    assertThat(findings.verdict()).isEqualTo(Verdict.UNDECIDED);
    assertThat(findings.words()).startsWith("The control did not fail");
  }

  static void add(Results results, String arm, long seed, double x) {
    results.add(new Results.Run(arm, seed, Measurement.of(Map.of("x", x)), 0, ""));
  }
}
