package org.foretoken.model.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.foretoken.fp8.AmaxHistory;
import org.foretoken.fp8.ErrorStatistics;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Fp8Tensor;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.QuantizerReference;
import org.foretoken.fp8.Rounding;
import org.foretoken.fp8.ScaleRule;
import org.foretoken.fp8.Scaling;

/**
 * Pillar 5: the amax of the tile at hand against that of earlier steps (DeepSeek-V3, section 3.3.2,
 * "online quantization").
 *
 * <p>A tensor of normal values over some steps, in one of which it is {@code spike} times as large.
 * The error of a step is |round trip - value| / |value| over the whole tensor.
 *
 * @param rows rows of the tensor
 * @param columns columns of the tensor
 * @param steps steps
 * @param spikeAt the step of the spike, from 0
 * @param spike its factor
 * @param history steps that delayed scaling remembers
 * @param margins binades of head-room that delayed scaling is tried with
 */
public record Online(
    int rows, int columns, int steps, int spikeAt, double spike, int history, List<Integer> margins)
    implements Experiment {
  private static final String ONLINE_TENSOR = "online tensor";
  private static final String ONLINE_TILE = "online 1x128";
  private static final String AT_SPIKE = "error_at_spike";
  private static final String AFTER = "worst_error_after_spike";
  private static final String CALM = "error_before_spike";
  private static final String ERRORS = "error_by_step";

  /** A round trip to E4M3 is off by about 2.6% in the root mean square. */
  private static final double SOUND = 0.04;

  private static String delayed(int margin) {
    return "delayed, margin " + margin;
  }

  @Override
  public List<String> arms() {
    List<String> arms = new ArrayList<>(List.of(ONLINE_TILE, ONLINE_TENSOR));
    margins.forEach(m -> arms.add(delayed(m)));
    return arms;
  }

  @Override
  public Measurement measure(String arm, long seed, Workspace workspace) {
    SplittableRandom random = new SplittableRandom(seed);
    QuantizationRecipe recipe =
        arm.equals(ONLINE_TILE) ? QuantizationRecipes.TILE_1X128 : QuantizationRecipes.TENSOR;
    AmaxHistory past = null;
    if (arm.startsWith("delayed")) {
      int margin = Integer.parseInt(arm.substring(arm.lastIndexOf(' ') + 1));
      Scaling.Delayed scaling = new Scaling.Delayed(history, margin);
      past = new AmaxHistory(scaling);
      recipe =
          new QuantizationRecipe(
              arm,
              Formats.E4M3,
              Granularity.TENSOR,
              ScaleRule.AMAX,
              Formats.FP32,
              false,
              scaling,
              Rounding.NEAREST_EVEN);
    }
    List<Double> errors = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      float size = (float) (step == spikeAt ? spike : 1);
      float[] x = new float[rows * columns];
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) random.nextGaussian() * size;
      }
      if (past != null && step == 0) {
        past.record(QuantizerReference.amax(x)); // a run that has been going for a while
      }
      Fp8Tensor codes =
          past == null
              ? QuantizerReference.quantize("x", x, rows, columns, recipe)
              : QuantizerReference.quantize("x", x, rows, columns, recipe, past, 0);
      ErrorStatistics statistics = ErrorStatistics.of(x, codes);
      errors.add(Math.pow(10, -statistics.sqnrDecibels() / 20));
    }
    Map<String, Double> values = new LinkedHashMap<>();
    values.put(CALM, errors.get(spikeAt - 1));
    values.put(AT_SPIKE, errors.get(spikeAt));
    values.put(
        AFTER,
        errors.subList(spikeAt + 1, steps).stream()
            .mapToDouble(Double::doubleValue)
            .max()
            .orElseThrow());
    return new Measurement(values, Map.of(ERRORS, errors));
  }

  @Override
  public Findings conclude(Results results) {
    Interval tile = results.interval(ONLINE_TILE, AT_SPIKE);
    Interval tensor = results.interval(ONLINE_TENSOR, AT_SPIKE);
    String base = delayed(margins.getFirst());
    Interval stale = results.interval(base, AT_SPIKE);
    Interval after = results.interval(base, AFTER);
    Interval onlineAfter = results.interval(ONLINE_TILE, AFTER);
    Verdict verdict =
        tile.below(SOUND) && onlineAfter.below(SOUND)
            ? Verdict.HOLDS
            : Verdict.below(tile, SOUND) == Verdict.HOLDS
                ? Verdict.UNDECIDED
                : Verdict.below(tile, SOUND);
    boolean allFail =
        margins.stream().allMatch(m -> results.interval(delayed(m), AT_SPIKE).above(5 * SOUND));
    Map<String, Object> atSpike = new LinkedHashMap<>();
    Map<String, Object> afterSpike = new LinkedHashMap<>();
    List<Figure.Curve> curves = new ArrayList<>();
    for (String arm : arms()) {
      atSpike.put(arm, results.interval(arm, AT_SPIKE).mean());
      afterSpike.put(arm, results.interval(arm, AFTER).mean());
      List<Figure.Point> points = new ArrayList<>();
      for (int step = 0; step < steps; step++) {
        points.add(new Figure.Point(step, Texts.scaled(results.interval(arm, ERRORS, step), 100)));
      }
      curves.add(new Figure.Curve(arm, points));
    }
    return new Findings(
        verdict,
        Texts.of(
            "In the step of the spike (a factor of %s) online scales are off by %s in tiles and %s"
                + " for the tensor, the scale of the last %d steps by %s; in the steps after it,"
                + " with the spike still in the history, by up to %s where online stays at %s.",
            Texts.number(spike),
            Texts.percent(tile),
            Texts.percent(tensor),
            history,
            Texts.percent(stale),
            Texts.percent(after),
            Texts.percent(onlineAfter)),
        "Decided by definition of the two scalings; how often training meets such spikes is what a"
            + " long run of a large model would show. E4M3's own range hides a stale scale that is"
            + " up to a few thousand times too large.",
        List.of(
            new Findings.Control(
                "Delayed scaling must fail in the step of the spike, with every margin tried",
                allFail,
                margins.stream()
                    .map(m -> Texts.percent(results.interval(delayed(m), AT_SPIKE)))
                    .reduce((a, b) -> a + "; " + b)
                    .orElse(""))),
        List.of(
            new Figure.Plot(
                "Error of the round trip, step by step",
                "step",
                "|round trip - value| / |value|, %",
                false,
                true,
                curves,
                List.of())),
        Map.of("error_at_spike", atSpike, "worst_error_after_spike", afterSpike));
  }
}
