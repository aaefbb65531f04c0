package org.foretoken.model.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.foretoken.fp8.Tolerances;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;

/**
 * The claim that all pillars serve: training in FP8 ends at the loss of BF16, to 0.25%
 * (DeepSeek-V3, section 3.3 and appendix B.1).
 *
 * <p>Seeds are added until the interval of the relative error of {@code deepseek} lies within or
 * outside the bound, or {@code seeds} are used up. Looking after each seed would make a plain 95%
 * interval too optimistic, so that the 5% are divided among the looks that are planned
 * (Bonferroni): whichever look it stops at, the interval covers with at least 95%.
 *
 * @param run the configuration; seed and recipe are not used
 * @param recipes recipes that are compared with {@code bf16}
 * @param firstLook seeds before the first look, at least 2
 * @param lastLook the largest number of seeds
 * @param shortened share of the steps that the control leaves out
 */
public record LossParity(
    RunConfig run, List<Recipe> recipes, int firstLook, int lastLook, double shortened)
    implements Experiment {
  private static final String HELD_OUT = "held_out_loss";
  private static final String TRAINING = "training_loss";
  private static final String BASE = "bf16";
  private static final String CLAIMED = "deepseek";

  private String control() {
    return Texts.of("bf16, %.0f%% fewer steps", 100 * shortened);
  }

  private static String arm(Recipe recipe) {
    return recipe.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public List<String> arms() {
    List<String> arms = new ArrayList<>(List.of(BASE));
    recipes.forEach(r -> arms.add(arm(r)));
    arms.add(control());
    return arms;
  }

  @Override
  public Measurement measure(String arm, long seed, Workspace workspace) {
    Recipe recipe =
        arm.startsWith(BASE) ? Recipe.BF16 : Recipe.valueOf(arm.toUpperCase(Locale.ROOT));
    RunConfig chosen = Runs.of(run, seed, recipe, run.model().mtpDepth());
    if (arm.equals(control())) {
      chosen = Runs.steps(chosen, (int) Math.round(run.train().steps() * (1 - shortened)));
    }
    try (Training training = Training.of(chosen, workspace)) {
      return Measurement.of(
          Map.of(HELD_OUT, training.heldOutLoss(), TRAINING, training.lastLosses()));
    }
  }

  /** The confidence of an interval at one of the looks. */
  double confidence() {
    return 1 - (1 - Interval.CONFIDENCE) / (lastLook - firstLook + 1);
  }

  private Interval error(Results results, String arm) {
    return Interval.of(results.relative(arm, BASE, HELD_OUT), confidence());
  }

  private static Verdict verdict(Interval error) {
    if (error.count() < 2) {
      return Verdict.UNDECIDED;
    }
    boolean within = error.high() < Tolerances.LOSS && error.low() > -Tolerances.LOSS;
    boolean outside = error.low() > Tolerances.LOSS || error.high() < -Tolerances.LOSS;
    return within ? Verdict.HOLDS : outside ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
  }

  @Override
  public boolean wantsMore(Results results, int seeds) {
    return seeds < firstLook
        || seeds < lastLook && verdict(error(results, CLAIMED)) == Verdict.UNDECIDED;
  }

  @Override
  public Findings conclude(Results results) {
    Interval claimed = error(results, CLAIMED);
    Verdict verdict = verdict(claimed);
    List<Figure.Row> heldOut = new ArrayList<>();
    List<Figure.Row> training = new ArrayList<>();
    Map<String, Object> means = new LinkedHashMap<>();
    for (String arm : arms().subList(1, arms().size())) {
      Interval error = error(results, arm);
      means.put(arm, error.mean());
      heldOut.add(new Figure.Row(arm, Texts.scaled(error, 100)));
      training.add(
          new Figure.Row(
              arm,
              Texts.scaled(Interval.of(results.relative(arm, BASE, TRAINING), confidence()), 100)));
    }
    Interval short_ = error(results, control());
    List<Figure.Bound> bounds =
        List.of(
            new Figure.Bound("-0.25%", -100 * Tolerances.LOSS),
            new Figure.Bound("+0.25%", 100 * Tolerances.LOSS));
    String level = Texts.of("%.2f%% intervals at each look", 100 * confidence());
    int seeds = claimed.count();
    String decider =
        switch (verdict) {
          case UNDECIDED ->
              "With this spread "
                  + Texts.seeds(
                      claimed.seedsToDecide(Math.copySign(Tolerances.LOSS, claimed.mean()), 1000),
                      1000)
                  + " would decide it; or longer runs, whose losses differ less from seed to seed.";
          default ->
              "Decided after "
                  + seeds
                  + " seeds, by the rule laid down before. A model of this size has few outliers"
                  + " and short sums: what the pillars are for shows from billions of parameters"
                  + " on.";
        };
    return new Findings(
        verdict,
        Texts.of(
            "The held-out loss of deepseek is off from bf16 by %s, paired over %d seeds (%s); the"
                + " bound is 0.25%%.",
            Texts.percent(claimed), seeds, level),
        decider,
        List.of(
            new Findings.Control(
                "A run of " + control() + " must be told apart: off by more than the bound",
                short_.mean() > Tolerances.LOSS && short_.above(0),
                Texts.percent(short_))),
        List.of(
            new Figure.Intervals(
                "Held-out loss against bf16 (" + level + ")", "relative error, %", heldOut, bounds),
            new Figure.Intervals(
                "Training loss, last tenth of the steps, against bf16",
                "relative error, %",
                training,
                bounds)),
        Map.of("relative_loss_error", means, "seeds", seeds, "confidence", confidence()));
  }
}
