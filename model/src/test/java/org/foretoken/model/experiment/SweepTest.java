package org.foretoken.model.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SweepTest {
  private static final Experiment SMALL = new Online(2, 128, 4, 2, 1000, 2, List.of(0));

  @TempDir Path folder;

  private List<String> sweep(Experiment experiment, int seeds, int stopAfter) {
    Results results = new Results();
    ResultsFile file = ResultsFile.open(folder, "online", experiment, results);
    List<String> made = new ArrayList<>();
    try {
      Sweep.run(
          experiment,
          seeds,
          results,
          new Workspace(
              () -> {
                throw new AssertionError("no device is needed");
              },
              share -> {}),
          "abc",
          run -> {
            if (made.size() == stopAfter) {
              throw new IllegalStateException("killed");
            }
            made.add(run.arm() + run.seed());
            file.append(run);
          });
    } catch (IllegalStateException e) {
      assertThat(e).hasMessage("killed");
    }
    return made;
  }

  @Test
  void anInterruptedSweepGoesOnWhereItStopped() throws Exception {
    List<String> first = sweep(SMALL, 2, 4);
    assertThat(first).hasSize(4);
    Path file = folder.resolve(ResultsFile.NAME);
    Files.writeString(file, "{\"arm\":\"onl", StandardOpenOption.APPEND); // cut short by a kill
    List<String> second = sweep(SMALL, 2, 100);
    assertThat(second).hasSize(2).doesNotContainAnyElementsOf(first);
    assertThat(sweep(SMALL, 2, 100)).isEmpty();
    assertThat(sweep(SMALL, 3, 100)).hasSize(3);
    Results all = new Results();
    ResultsFile.open(folder, "online", SMALL, all);
    assertThat(all.runs()).hasSize(9);
    assertThat(all.runs().getFirst().commit()).isEqualTo("abc");
    assertThat(all.runs().getFirst().measurement().series().get("error_by_step")).hasSize(4);
  }

  @Test
  void resultsOfAnotherSizeAreNotMixedIn() {
    sweep(SMALL, 2, 100);
    Experiment larger = new Online(4, 128, 4, 2, 1000, 2, List.of(0));
    assertThatThrownBy(() -> sweep(larger, 2, 100))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("at another one")
        .hasMessageContaining("--out");
  }

  @Test
  void aDecidedExperimentAsksForNoMoreSeeds() {
    LossParity parity = new LossParity(null, List.of(), 2, 5, 0.05);
    Results results = new Results();
    for (int seed = 1; seed <= 2; seed++) {
      loss(results, "bf16", seed, 2 + seed);
      loss(results, "deepseek", seed, (2 + seed) * (1 + 1e-6 * seed));
    }
    assertThat(parity.wantsMore(results, 1)).isTrue();
    assertThat(parity.wantsMore(results, 2)).isFalse();
    loss(results, "bf16", 3, 2);
    loss(results, "deepseek", 3, 2.1);
    assertThat(parity.wantsMore(results, 3)).isTrue();
    assertThat(parity.wantsMore(results, 5)).isFalse();
    // four looks share the 5%
    assertThat(parity.confidence())
        .isEqualTo(1 - 0.05 / 4, org.assertj.core.api.Assertions.within(1e-12));
  }

  private static void loss(Results results, String arm, long seed, double loss) {
    Measurement measured = Measurement.of(java.util.Map.of("held_out_loss", loss));
    results.add(new Results.Run(arm, seed, measured, 0, ""));
  }
}
