package org.foretoken.model.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import org.foretoken.fp8.ErrorStatistics;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.QuantizerReference;
import org.foretoken.model.config.Recipe;
import org.foretoken.model.config.RunConfig;

/**
 * Pillar 4: E4M3 everywhere against E5M2 for gradients (DeepSeek-V3, section 3.3.2, "Mantissa over
 * exponents"): the error of gradients whose rows differ in size, and the loss of training runs.
 *
 * @param run the configuration of the runs; seed and recipe are not used
 * @param rows rows of the gradient
 * @param columns columns of the gradient
 * @param imbalances standard deviations of the logarithm of a row's size
 */
public record Formats(RunConfig run, int rows, int columns, List<Double> imbalances)
    implements Experiment {
  private static final String ERROR = "relative_error";
  private static final String LOSS = "held_out_loss";
  private static final List<String> CODES = List.of("E4M3", "E5M2");
  private static final List<String> SCALES = List.of("1x128", "tensor");
  private static final List<Recipe> RECIPES = List.of(Recipe.BF16, Recipe.DEEPSEEK, Recipe.HYBRID);

  private static String error(String code, String scale, double imbalance) {
    return "error/" + code + "/" + scale + "/" + imbalance;
  }

  private static String loss(Recipe recipe) {
    return "loss/" + recipe.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public List<String> arms() {
    List<String> arms = new ArrayList<>();
    for (double imbalance : imbalances) {
      for (String scale : SCALES) {
        CODES.forEach(code -> arms.add(error(code, scale, imbalance)));
      }
    }
    RECIPES.forEach(r -> arms.add(loss(r)));
    return arms;
  }

  @Override
  public Measurement measure(String arm, long seed, Workspace workspace) {
    String[] parts = arm.split("/");
    if (parts[0].equals("loss")) {
      Recipe recipe = Recipe.valueOf(parts[1].toUpperCase(Locale.ROOT));
      RunConfig chosen = Runs.of(run, seed, recipe, run.model().mtpDepth());
      try (Training training = Training.of(chosen, workspace)) {
        return Measurement.of(Map.of(LOSS, training.heldOutLoss()));
      }
    }
    Format format = org.foretoken.fp8.Formats.byName(parts[1]);
    QuantizationRecipe recipe = QuantizationRecipes.byName(parts[2], "recipe").withElement(format);
    SplittableRandom random = new SplittableRandom(seed * 104_729);
    float[] x = new float[rows * columns];
    for (int row = 0; row < rows; row++) {
      double size = Math.exp(Double.parseDouble(parts[3]) * random.nextGaussian());
      for (int i = 0; i < columns; i++) {
        x[row * columns + i] = (float) (size * random.nextGaussian());
      }
    }
    return Measurement.of(
        Map.of(
            ERROR,
            ErrorStatistics.of(x, QuantizerReference.quantize("dy", x, rows, columns, recipe))
                .meanRelativeError()));
  }

  @Override
  public Findings conclude(Results results) {
    double most = imbalances.getLast();
    Interval fine4 = results.interval(error("E4M3", "1x128", most), ERROR);
    Interval fine5 = results.interval(error("E5M2", "1x128", most), ERROR);
    Interval wide4 = results.interval(error("E4M3", "tensor", most), ERROR);
    Interval wide5 = results.interval(error("E5M2", "tensor", most), ERROR);
    Interval loss =
        Texts.scaled(
            Interval.of(results.relative(loss(Recipe.HYBRID), loss(Recipe.DEEPSEEK), LOSS)), 100);
    boolean finer = fine4.high() < fine5.low();
    Verdict verdict =
        !finer
            ? Verdict.DOES_NOT_HOLD
            : loss.above(0)
                ? Verdict.HOLDS
                : loss.below(0) ? Verdict.DOES_NOT_HOLD : Verdict.UNDECIDED;
    List<Figure.Curve> curves = new ArrayList<>();
    for (String scale : SCALES) {
      for (String code : CODES) {
        List<Figure.Point> points = new ArrayList<>();
        for (double imbalance : imbalances) {
          points.add(
              new Figure.Point(
                  imbalance,
                  Texts.scaled(results.interval(error(code, scale, imbalance), ERROR), 100)));
        }
        curves.add(new Figure.Curve(code + ", " + scale, points));
      }
    }
    List<Figure.Row> rowsOfLoss = new ArrayList<>();
    for (Recipe recipe : List.of(Recipe.DEEPSEEK, Recipe.HYBRID)) {
      rowsOfLoss.add(
          new Figure.Row(
              recipe == Recipe.DEEPSEEK ? "E4M3 everywhere" : "E5M2 gradients",
              Texts.scaled(
                  Interval.of(results.relative(loss(recipe), loss(Recipe.BF16), LOSS)), 100)));
    }
    rowsOfLoss.add(new Figure.Row("E5M2 gradients against E4M3", loss));
    Map<String, Object> errors = new LinkedHashMap<>();
    errors.put("E4M3_1x128", fine4.mean());
    errors.put("E5M2_1x128", fine5.mean());
    errors.put("E4M3_tensor", wide4.mean());
    errors.put("E5M2_tensor", wide5.mean());
    return new Findings(
        verdict,
        Texts.of(
            "With a scale for each 1x128 values a gradient is off by %s in E4M3 and by %s in E5M2;"
                + " the held-out loss of runs with E5M2 gradients is off from that with E4M3 by %s"
                + " percent (paired).",
            Texts.percent(fine4), Texts.percent(fine5), Texts.interval(loss)),
        verdict == Verdict.UNDECIDED
            ? "The error is decided; the loss is not: "
                + Texts.seeds(loss.seedsToDecide(0, 1000), 1000)
                + " would tell the two apart at this size."
            : "Error and loss are decided at this size.",
        List.of(
            new Findings.Control(
                "Without fine-grained scales the mantissa must not pay: E4M3 must lose to E5M2"
                    + " where rows differ most",
                wide4.low() > wide5.high(),
                Texts.percent(wide4) + " against " + Texts.percent(wide5))),
        List.of(
            new Figure.Plot(
                "Mean relative error of a gradient's values",
                "standard deviation of log row size",
                "mean |round trip - value| / |value|, %",
                false,
                true,
                curves,
                List.of()),
            new Figure.Intervals(
                "Held-out loss against bf16, paired by seed",
                "relative difference, %",
                rowsOfLoss,
                List.of(new Figure.Bound("no difference", 0)))),
        Map.of("mean_relative_error", errors, "hybrid_against_e4m3_loss_percent", loss.mean()));
  }
}
