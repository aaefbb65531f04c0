package org.foretoken.model.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.commons.math3.linear.BlockRealMatrix;
import org.foretoken.fp8.DequantizerReference;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.QuantizerReference;

/**
 * Pillar 2: scales for small groups against one for the tensor (DeepSeek-V3, section 3.3.2), and
 * gradients in 128x128 blocks, which diverged there (appendix B.2).
 *
 * <p>fprop: normal activations [rows, inner] of which a few elements are outliers, times normal
 * weights in 128x128 blocks. dgrad: gradients whose rows (tokens) differ in size by a log-normal
 * factor. The error is that of a row of the product, |found - exact| / |exact|, averaged over rows,
 * where exact is the FP64 product of the values before quantization.
 *
 * @param rows tokens
 * @param inner extent of the summed dimension
 * @param columns columns of the product
 * @param outliers factors by which outliers exceed the other elements
 * @param outlierShare share of the elements that are outliers
 * @param imbalances standard deviations of the logarithm of a gradient row's size
 */
public record FineGrained(
    int rows,
    int inner,
    int columns,
    List<Double> outliers,
    double outlierShare,
    List<Double> imbalances)
    implements Experiment {
  private static final String ERROR = "row_error";
  private static final String LOST = "flushed_to_zero";
  private static final List<String> FPROP = List.of("tensor", "row", "1x128", "mxfp8");
  private static final List<String> DGRAD = List.of("1x128", "128x128", "tensor");

  /** A row's error up to which fine-grained scales count as unharmed. */
  private static final double SOUND = 0.05;

  private static String arm(String what, String recipe, double strength) {
    return what + "/" + recipe + "/" + strength;
  }

  @Override
  public List<String> arms() {
    List<String> arms = new ArrayList<>();
    for (double outlier : outliers) {
      FPROP.forEach(r -> arms.add(arm("fprop", r, outlier)));
    }
    for (double imbalance : imbalances) {
      DGRAD.forEach(r -> arms.add(arm("dgrad", r, imbalance)));
    }
    return arms;
  }

  @Override
  public Measurement measure(String arm, long seed, Workspace workspace) {
    String[] parts = arm.split("/");
    double strength = Double.parseDouble(parts[2]);
    boolean fprop = parts[0].equals("fprop");
    SplittableRandom random = new SplittableRandom(seed * 7919);
    float[] w = normals(inner * columns, random);
    float[] x = normals(rows * inner, random);
    for (int i = 0; i < x.length; i++) {
      if (fprop && random.nextDouble() < outlierShare) {
        x[i] = (float) Math.copySign(strength, x[i]);
      }
    }
    for (int row = 0; row < rows && !fprop; row++) {
      float size = (float) Math.exp(strength * random.nextGaussian());
      for (int i = 0; i < inner; i++) {
        x[row * inner + i] *= size;
      }
    }
    QuantizationRecipe recipe = QuantizationRecipes.byName(parts[1], "recipe");
    float[] found =
        DequantizerReference.dequantize(QuantizerReference.quantize("x", x, rows, inner, recipe));
    float[] weights =
        DequantizerReference.dequantize(
            QuantizerReference.quantize("w", w, inner, columns, QuantizationRecipes.BLOCK_128X128));
    BlockRealMatrix exact = matrix(x, rows, inner).multiply(matrix(w, inner, columns));
    BlockRealMatrix product = matrix(found, rows, inner).multiply(matrix(weights, inner, columns));
    double error = 0;
    for (int row = 0; row < rows; row++) {
      double norm = exact.getRowVector(row).getNorm();
      error += product.getRowVector(row).subtract(exact.getRowVector(row)).getNorm() / norm / rows;
    }
    double lost = 0;
    for (int i = 0; i < x.length; i++) {
      lost += found[i] == 0 && x[i] != 0 ? 1.0 / x.length : 0;
    }
    return Measurement.of(Map.of(ERROR, error, LOST, lost));
  }

  private static float[] normals(int count, SplittableRandom random) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static BlockRealMatrix matrix(float[] values, int rows, int columns) {
    BlockRealMatrix matrix = new BlockRealMatrix(rows, columns);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        matrix.setEntry(i, j, values[i * columns + j]);
      }
    }
    return matrix;
  }

  @Override
  public Findings conclude(Results results) {
    double outlier = outliers.getLast();
    double imbalance = imbalances.getLast();
    Interval tile = results.interval(arm("fprop", "1x128", outlier), ERROR);
    Interval tensor = results.interval(arm("fprop", "tensor", outlier), ERROR);
    Interval gradientTile = results.interval(arm("dgrad", "1x128", imbalance), ERROR);
    Interval gradientBlock = results.interval(arm("dgrad", "128x128", imbalance), ERROR);
    Verdict verdict = Verdict.below(tile, SOUND);
    if (verdict == Verdict.HOLDS && !gradientTile.below(SOUND)) {
      verdict = Verdict.DOES_NOT_HOLD;
    }
    String words =
        Texts.of(
            "With outliers %s times the rest, a row of the product is off by %s with 1x128 tiles"
                + " and by %s with one scale for the tensor. Gradients whose rows differ by a"
                + " factor exp(%s N(0,1)) are off by %s in 1x128 tiles and by %s in 128x128"
                + " blocks.",
            Texts.number(outlier),
            Texts.percent(tile),
            Texts.percent(tensor),
            Texts.number(imbalance),
            Texts.percent(gradientTile),
            Texts.percent(gradientBlock));
    Map<String, Object> numbers = new LinkedHashMap<>();
    for (String what : List.of("fprop", "dgrad")) {
      Map<String, Object> errors = new LinkedHashMap<>();
      double strongest = what.equals("fprop") ? outlier : imbalance;
      for (String recipe : what.equals("fprop") ? FPROP : DGRAD) {
        errors.put(recipe, results.interval(arm(what, recipe, strongest), ERROR).mean());
      }
      numbers.put(what + "_row_error", errors);
    }
    return new Findings(
        verdict,
        words,
        "E4M3 spans 2^18 by itself, so that one scale a tensor fails only beyond outliers of ten"
            + " thousands; where training meets such tensors is a matter of the model's size, and"
            + " of long runs.",
        List.of(
            new Findings.Control(
                "One scale a tensor must fail on the largest outlier",
                tensor.above(2 * tile.high()),
                Texts.percent(tensor) + " against " + Texts.percent(tile)),
            new Findings.Control(
                "Gradients in 128x128 blocks must fail where rows differ most",
                gradientBlock.above(2 * gradientTile.high()),
                Texts.percent(gradientBlock) + " against " + Texts.percent(gradientTile))),
        figures(results),
        numbers);
  }

  private List<Figure> figures(Results results) {
    return List.of(
        plot(results, "fprop", FPROP, outliers, ERROR, "Error of a row of X W^T by outlier size"),
        plot(
            results,
            "dgrad",
            DGRAD,
            imbalances,
            ERROR,
            "Error of a row of dY W by imbalance of the gradient's rows"),
        plot(
            results,
            "dgrad",
            DGRAD,
            imbalances,
            LOST,
            "Gradient values that become zero, by imbalance of the rows"));
  }

  private static Figure plot(
      Results results,
      String what,
      List<String> recipes,
      List<Double> strengths,
      String value,
      String title) {
    List<Figure.Curve> curves = new ArrayList<>();
    for (String recipe : recipes) {
      List<Figure.Point> points = new ArrayList<>();
      for (double s : strengths) {
        points.add(
            new Figure.Point(s, Texts.scaled(results.interval(arm(what, recipe, s), value), 100)));
      }
      curves.add(new Figure.Curve(recipe, points));
    }
    boolean fprop = what.equals("fprop");
    return new Figure.Plot(
        title,
        fprop ? "outlier / standard deviation of the rest" : "standard deviation of log row size",
        value.equals(ERROR) ? "|found - exact| / |exact|, %" : "share, %",
        fprop,
        false,
        curves,
        List.of());
  }
}
