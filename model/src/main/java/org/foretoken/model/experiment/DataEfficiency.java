package org.foretoken.model.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.train.TrainGraph;

/**
 * Does a trunk learn more from the same text with MTP modules, and from the same work? Arms: the
 * plain model (D = 0); D modules for the same tokens; the plain model for as many steps as cost the
 * FLOPs of D modules; and the control, modules whose loss has weight 0.
 *
 * @param run the configuration; its number of modules is not used
 * @param depths numbers of modules D that are tried
 */
public record DataEfficiency(RunConfig run, List<Integer> depths) implements Experiment {
  private static final String LOSS = "held_out_loss";
  private static final String FLOPS = "training_flops";
  private static final String TOKENS = "tokens";
  private static final String PLAIN = "D=0";
  private static final String CONTROL = "D=1, lambda 0";

  /** In nats: gains below this are not worth a sentence. */
  private static final double TINY = 1e-6;

  private static String modules(int depth) {
    return "D=" + depth;
  }

  private static String sameFlops(int depth) {
    return "D=0, FLOPs of D=" + depth;
  }

  @Override
  public List<String> arms() {
    List<String> arms = new ArrayList<>(List.of(PLAIN));
    for (int depth : depths) {
      arms.add(modules(depth));
      arms.add(sameFlops(depth));
    }
    arms.add(CONTROL);
    return arms;
  }

  @Override
  public Measurement measure(String arm, long seed, Workspace workspace) {
    Recipe recipe = run.train().recipe();
    RunConfig chosen;
    if (arm.equals(CONTROL)) {
      chosen = Runs.of(run, seed, recipe, 1);
      chosen = Runs.with(chosen, "train.mtp_lambda", 0);
      chosen = Runs.with(chosen, "train.mtp_lambda_late", 0);
    } else if (arm.contains("FLOPs")) {
      int depth = Integer.parseInt(arm.substring(arm.lastIndexOf('=') + 1));
      RunConfig plain = Runs.of(run, seed, recipe, 0);
      double ratio = flopsOfStep(Runs.of(run, seed, recipe, depth)) / flopsOfStep(plain);
      chosen = Runs.steps(plain, (int) Math.round(run.train().steps() * ratio));
    } else {
      chosen = Runs.of(run, seed, recipe, Integer.parseInt(arm.substring(2)));
    }
    try (Training training = Training.of(chosen, workspace)) {
      Map<String, Double> values = new LinkedHashMap<>();
      values.put(LOSS, training.heldOutLoss());
      values.put(FLOPS, flopsOfStep(chosen) * chosen.train().steps());
      values.put(
          TOKENS,
          (double) chosen.train().steps()
              * chosen.train().batchSize()
              * chosen.train().sequenceLength());
      return Measurement.of(values);
    }
  }

  private static double flopsOfStep(RunConfig run) {
    int rows = run.train().batchSize() * run.train().sequenceLength();
    PrecisionTable precision = PrecisionTable.of(run.train().recipe());
    return Flops.of(
        TrainGraph.step(run.model(), ModelLayout.of(run.model()), precision, rows),
        run.train().sequenceLength());
  }

  @Override
  public Findings conclude(Results results) {
    Interval best = null;
    int bestDepth = 0;
    List<Figure.Row> tokens = new ArrayList<>();
    List<Figure.Row> flops = new ArrayList<>();
    Map<String, Object> atTokens = new LinkedHashMap<>();
    Map<String, Object> atFlops = new LinkedHashMap<>();
    for (int depth : depths) {
      // The best of several depths is looked at, so that the 5% are divided among them.
      Interval gain =
          Interval.of(
              results.differences(modules(depth), PLAIN, LOSS),
              1 - (1 - Interval.CONFIDENCE) / depths.size());
      Interval cost = Interval.of(results.differences(modules(depth), sameFlops(depth), LOSS));
      tokens.add(new Figure.Row("equal tokens, D = " + depth, gain));
      flops.add(new Figure.Row("equal FLOPs, D = " + depth, cost));
      atTokens.put(modules(depth), gain.mean());
      atFlops.put(modules(depth), cost.mean());
      if (best == null || gain.mean() < best.mean()) {
        best = gain;
        bestDepth = depth;
      }
    }
    Verdict verdict = Verdict.below(best, 0);
    Interval work =
        Interval.of(results.differences(modules(bestDepth), sameFlops(bestDepth), LOSS));
    Interval control = Interval.of(results.differences(CONTROL, PLAIN, LOSS));
    String lost =
        switch (Verdict.below(work, 0)) {
          case HOLDS -> "there too MTP gains";
          case DOES_NOT_HOLD -> "there MTP loses";
          case UNDECIDED -> "there the interval reaches across 0";
        };
    List<Figure.Row> rows = new ArrayList<>(tokens);
    rows.addAll(flops);
    rows.add(new Figure.Row("control: lambda = 0", control));
    return new Findings(
        verdict,
        Texts.of(
            "Held-out loss with D = %d modules less that without, in nats a token: %s at equal"
                + " tokens; at equal FLOPs %s: %s.",
            bestDepth, Texts.interval(best), lost, Texts.interval(work)),
        decider(verdict, best),
        List.of(
            new Findings.Control(
                "Modules whose loss has weight 0 must gain nothing",
                Math.abs(control.mean()) < TINY,
                Texts.interval(control) + " nats")),
        List.of(
            new Figure.Intervals(
                "Held-out loss, difference to the plain model",
                "nats a token; below 0 the modules help",
                rows,
                List.of(new Figure.Bound("no difference", 0))),
            table(results)),
        Map.of("difference_equal_tokens", atTokens, "difference_equal_flops", atFlops));
  }

  private static String decider(Verdict verdict, Interval best) {
    String size =
        "Gloeckle et al. report losses for their smallest models (300 million parameters) and gains"
            + " for the largest (13 billion); DeepSeek's ablation has 16 and 229 billion. This"
            + " model is a thousand times smaller than the smallest of them.";
    if (verdict != Verdict.UNDECIDED) {
      return size;
    }
    int seeds = best.seedsToDecide(0, 1000);
    return (seeds < 1000
            ? "With this mean and spread about " + seeds + " seeds would decide it at this size. "
            : "No number of seeds up to 1000 would decide it at this size. ")
        + size;
  }

  private Figure table(Results results) {
    List<List<String>> rows = new ArrayList<>();
    for (String arm : arms()) {
      rows.add(
          List.of(
              arm,
              Texts.interval(results.interval(arm, LOSS)),
              Texts.number(results.interval(arm, TOKENS).mean()),
              Texts.number(results.interval(arm, FLOPS).mean() / 1e9)));
    }
    return new Figure.Table(
        "Every arm",
        List.of("arm", "held-out loss, nats", "training tokens", "training GFLOP"),
        rows);
  }
}
