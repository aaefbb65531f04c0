package org.foretoken.model.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.TestModels;
import org.foretoken.model.config.DataConfig;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.config.TrainConfig;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every experiment at the smallest size at which its control can fail. */
class ExperimentsTest {
  @TempDir static Path folder;
  private static RunConfig run;

  @BeforeAll
  static void text() throws Exception {
    SplittableRandom random = new SplittableRandom(1);
    StringBuilder text = new StringBuilder();
    while (text.length() < 20_000) {
      text.append(new String[] {"public ", "int ", "while (", "x = y;\n"}[random.nextInt(4)]);
    }
    Path file = Files.writeString(folder.resolve("text"), text);
    TrainConfig train = TestModels.training(Recipe.FP32, 6);
    run =
        new RunConfig(
            "test", TestModels.bytes(1), train, new DataConfig(file.toString(), "", true, 0.2));
  }

  private static Results results(Experiment experiment, int seeds) {
    Results results = new Results();
    Workspace workspace =
        new Workspace(() -> new HostBackend(HostPool.shared(), false), share -> {});
    Sweep.run(experiment, seeds, results, workspace, "", done -> {});
    return results;
  }

  @Test
  void fourteenBitsLoseAndPromotionSaves() {
    Accumulation small = new Accumulation(24, List.of(256, 2048), List.of(14, 24), List.of(128));
    Findings findings = small.conclude(results(small, 3));
    assertThat(findings.controls().getFirst().failed()).isTrue();
    @SuppressWarnings("unchecked")
    var errors = (java.util.Map<String, Double>) findings.numbers().get("max_relative_error");
    assertThat(errors)
        .containsOnlyKeys("14bit", "14bit_promoted_128", "24bit", "24bit_promoted_128");
    assertThat(errors.get("14bit")).isBetween(0.004, 0.02);
    assertThat(errors.get("14bit_promoted_128")).isLessThan(0.001);
    assertThat(errors.get("24bit")).isLessThan(2e-5);
  }

  @Test
  void outliersAndUnevenRowsNeedFineGrainedScales() {
    FineGrained small = new FineGrained(128, 256, 32, List.of(1.0, 1e6), 1e-3, List.of(0.0, 5.0));
    Results results = results(small, 4);
    Findings findings = small.conclude(results);
    assertThat(findings.controlsFailed()).isTrue();
    assertThat(findings.verdict()).isEqualTo(Verdict.HOLDS);
    // without outliers there is nothing to choose
    double tile = results.interval("fprop/1x128/1.0", "row_error").mean();
    assertThat(results.interval("fprop/tensor/1.0", "row_error").mean())
        .isCloseTo(tile, within(0.01));
  }

  @Test
  void aStaleScaleFailsOnASpike() {
    Online small = new Online(8, 128, 8, 3, 1000, 4, List.of(0, 2));
    Results results = results(small, 3);
    Findings findings = small.conclude(results);
    assertThat(findings.verdict()).isEqualTo(Verdict.HOLDS);
    assertThat(results.interval("delayed, margin 0", "error_at_spike").mean()).isGreaterThan(0.9);
    assertThat(results.interval("online 1x128", "error_at_spike").mean()).isLessThan(0.04);
    // a spike of 1 is none: the control must come out as not failed, and void the verdict
    Online calm = new Online(8, 128, 8, 3, 1, 4, List.of(2));
    assertThat(calm.conclude(results(calm, 3)).verdict()).isEqualTo(Verdict.UNDECIDED);
  }

  @Test
  void modulesAddTargetsAndGradientAndNoneAtLambdaZero() {
    Densification small = new Densification(run, List.of(0, 2), 0.3);
    Results results = results(small, 3);
    Findings findings = small.conclude(results);
    assertThat(findings.controlsFailed()).isTrue();
    assertThat(findings.verdict()).isNotEqualTo(Verdict.DOES_NOT_HOLD);
    // sequences of 33: 32 targets, and 31 and 30 more
    assertThat(results.interval("D=2", "targets").mean()).isEqualTo(32 + 31 + 30);
    assertThat(results.find("D=2", 1).orElseThrow().measurement().series().get("targets"))
        .containsExactly(32.0, 31.0, 30.0);
    assertThat(results.interval("D=2", "mtp_norm").mean()).isPositive();
    // total gradient is the sum of its parts
    double main = results.values("D=2", "main_norm").getFirst();
    double extra = results.values("D=2", "mtp_norm").getFirst();
    double cosine = results.values("D=2", "cosine_of_main_and_mtp").getFirst();
    double total = results.values("D=2", "total_norm").getFirst();
    assertThat(total * total)
        .isCloseTo(
            main * main + extra * extra + 2 * cosine * main * extra, within(1e-3 * total * total));
  }

  @Test
  void aLossOfWeightZeroLeavesTheTrunkAlone() {
    DataEfficiency small = new DataEfficiency(run, List.of(1));
    Results results = results(small, 2);
    assertThat(results.differences("D=1, lambda 0", "D=0", "held_out_loss"))
        .containsExactly(0.0, 0.0);
    assertThat(results.differences("D=1", "D=0", "held_out_loss")).doesNotContain(0.0);
    double plain = results.interval("D=0", "training_flops").mean();
    double modules = results.interval("D=1", "training_flops").mean();
    double same = results.interval("D=0, FLOPs of D=1", "training_flops").mean();
    assertThat(modules).isGreaterThan(1.3 * plain);
    assertThat(same).isCloseTo(modules, within(plain / 6)); // one of six steps
    assertThat(small.conclude(results).controlsFailed()).isTrue();
  }

  @Test
  void namesThatAreNewCannotBeCompleted() {
    RunConfig synthetic = Runs.with(run, "train.sequence_length", 64);
    ChoicePoints small = new ChoicePoints(run, synthetic, List.of(16), 3, 2, 60, 30);
    Results results = results(small, 2);
    Findings findings = small.conclude(results);
    assertThat(findings.controlsFailed()).isTrue();
    assertThat(findings.figures()).hasSize(5);
    assertThat(results.interval("text/D=1", "loss_inside_words").mean()).isBetween(0.1, 6.0);
    assertThat(results.interval("polynomials/D=0", "coefficients_m2").mean()).isBetween(0.0, 0.5);
  }

  @Test
  void recipesArePairedWithBf16() {
    LossParity small =
        new LossParity(run, List.of(Recipe.DEEPSEEK, Recipe.TENSORWISE, Recipe.MXFP8), 2, 3, 0.5);
    Results results = results(small, 3);
    Findings findings = small.conclude(results);
    assertThat(findings.controlsFailed()).isTrue(); // half the steps are seen at once
    for (String recipe : List.of("deepseek", "tensorwise", "mxfp8")) {
      assertThat(results.relative(recipe, "bf16", "held_out_loss"))
          .allSatisfy(e -> assertThat(Math.abs(e)).isPositive().isLessThan(0.02));
    }
  }

  @Test
  void mantissaPaysWithFineGrainedScalesOnly() {
    Formats small = new Formats(run, 64, 128, List.of(0.0, 5.0));
    Results results = results(small, 3);
    assertThat(small.conclude(results).controlsFailed()).isTrue();
    assertThat(results.interval("error/E4M3/1x128/5.0", "relative_error").mean())
        .isLessThan(0.6 * results.interval("error/E5M2/1x128/5.0", "relative_error").mean());
    assertThat(results.relative("loss/hybrid", "loss/deepseek", "held_out_loss"))
        .doesNotContain(0.0);
  }

  @Test
  void bf16MomentsTakeTwelveBytes() {
    Memory small = new Memory(run, List.of(Recipe.FP32, Recipe.DEEPSEEK, Recipe.TENSORWISE));
    Results results = results(small, 2);
    Findings findings = small.conclude(results);
    assertThat(findings.controlsFailed()).isTrue();
    assertThat(results.interval("deepseek", "state_bytes").mean())
        .isEqualTo(12 * results.interval("deepseek", "parameters").mean());
    assertThat(results.interval("fp32", "state_bytes").mean())
        .isEqualTo(16 * results.interval("fp32", "parameters").mean());
    assertThat(results.interval("fp32", "peak_bytes").mean()).isBetween(30e6, 2e9);
  }

  @Test
  void draftsOfFaultyModulesAreRefusedAndOutputStays() {
    SpeculativeSpeed small = new SpeculativeSpeed(Runs.steps(run, 120), 3, 20, 40, 1);
    Results results = results(small, 3);
    Findings findings = small.conclude(results);
    assertThat(findings.numbers().get("lossless")).isEqualTo(true);
    assertThat(findings.controls()).allMatch(Findings.Control::failed);
    double sound = results.interval("trained as published", "acceptance_draft_1").mean();
    assertThat(sound).isGreaterThan(0.4);
    assertThat(results.interval("trained as published", "tokens_a_step").mean())
        .isBetween(1 + 0.8 * sound - 0.1, 1 + sound + 1e-9);
  }
}
