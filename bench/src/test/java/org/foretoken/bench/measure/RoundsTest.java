package org.foretoken.bench.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sides take turns, and what is made of their times. */
class RoundsTest {
  /** A side whose call takes so many nanoseconds by its own account. */
  private static Side claiming(long nanos, String name, List<String> turns) {
    return calls -> {
      turns.add(name);
      return nanos * calls;
    };
  }

  @Test
  void everySideHasItsTurnInEveryRound() {
    List<String> turns = new ArrayList<>();
    List<Side> sides =
        List.of(claiming(300_000_000, "ours", turns), claiming(600_000_000, "peer", turns));

    List<Samples> samples = Rounds.measure(sides, new Rounds.Plan(5, 0));

    assertThat(samples.get(0).values()).hasSize(5).containsOnly(3e8);
    assertThat(samples.get(1).over(samples.get(0)).median()).isEqualTo(2);
    for (int i = 0; i < turns.size(); i++) {
      assertThat(turns.get(i)).isEqualTo(i % 2 == 0 ? "ours" : "peer");
    }
  }

  /** As decoding, which times the tokens after the prompt only. */
  @Test
  void roundsArePlannedByTheWholeTimeOfACall() {
    int[] made = {0};
    Side side =
        calls -> {
          made[0] += calls;
          long end = System.nanoTime() + calls * 5_000_000L;
          while (System.nanoTime() < end && made[0] < 1_000) {
            Thread.onSpinWait();
          }
          return calls * 1_000L;
        };

    Rounds.measure(List.of(side), new Rounds.Plan(2, 0));

    assertThat(made[0]).isLessThan(100); // by its own account 10,000 calls would fit each round
  }

  @Test
  void quartilesAreInterpolated() {
    Samples s = new Samples(5, 1, 4, 2, 3);

    assertThat(s.median()).isEqualTo(3);
    assertThat(s.lowerQuartile()).isEqualTo(2);
    assertThat(s.upperQuartile()).isEqualTo(4);
    assertThat(s.spread()).isEqualTo(2.0 / 3, within(1e-12));
    assertThat(new Samples(1, 2).median()).isEqualTo(1.5);
  }

  @Test
  void allocationIsSeen() {
    Object[] keep = new Object[1];
    Side allocating = Side.of(() -> keep[0] = new byte[10_000]);
    Side frugal = Side.of(() -> keep[0] = null);

    assertThat(Allocation.bytesPerCall(allocating, 100)).isBetween(10_000L, 12_000L);
    assertThat(Allocation.bytesPerCall(frugal, 100)).isLessThan(2_000);
  }
}
