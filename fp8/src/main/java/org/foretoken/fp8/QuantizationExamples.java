package org.foretoken.fp8;

import java.util.ArrayList;
import java.util.List;

/** Worked examples: symmetric, affine and amax scaling, and the groups that can share a scale. */
public final class QuantizationExamples {
  private static final float[] ROW = {-1.8f, -0.4f, 0f, 0.25f, 0.3f, 0.9f, 1.3f, 2.4f};

  /** A matrix whose one outlier spoils every value that shares a scale with it. */
  private static final float[] OUTLIER = {
    0.011f, -0.023f, 0.018f, 0.031f, 0.007f, -0.029f, 0.014f, 0.022f,
    -0.016f, 0.027f, -0.009f, 0.012f, 0.019f, 9000f, -0.021f, 0.008f,
    0.024f, -0.013f, 0.028f, -0.017f, -0.006f, 0.015f, 0.026f, -0.03f,
    -0.02f, 0.01f, 0.033f, -0.025f, 0.012f, -0.018f, 0.009f, 0.016f
  };

  private static final int OUTLIER_ROWS = 4;
  private static final int OUTLIER_COLUMNS = 8;

  private QuantizationExamples() {}

  /** The examples in reading order. */
  public static List<QuantizationExample> all() {
    List<QuantizationExample> examples = new ArrayList<>();
    examples.add(
        quantize("Symmetric INT8, one scale", ROW, 1, ROW.length, int8(Granularity.TENSOR)));
    examples.add(affine("Affine INT8, scale and zero point", ROW));
    examples.add(quantize("amax scaling to E4M3", ROW, 1, ROW.length, e4m3(Granularity.TENSOR)));
    examples.add(
        quantize(
            "amax scaling to E4M3, scale rounded up to a power of two",
            ROW,
            1,
            ROW.length,
            QuantizationRecipe.online(
                "pow2", Formats.E4M3, Granularity.TENSOR, ScaleRule.POWER_OF_TWO)));
    Granularity[] groups = {
      Granularity.TENSOR, Granularity.ROW, new Granularity(1, 4), new Granularity(2, 4)
    };
    String[] names = {"tensor", "row", "1x4 tile", "2x4 block"};
    for (int i = 0; i < groups.length; i++) {
      examples.add(
          quantize(
              "An outlier under one scale a " + names[i],
              OUTLIER,
              OUTLIER_ROWS,
              OUTLIER_COLUMNS,
              e4m3(groups[i])));
    }
    return examples;
  }

  private static QuantizationRecipe int8(Granularity granularity) {
    return QuantizationRecipe.online("int8", Formats.INT8, granularity, ScaleRule.AMAX);
  }

  private static QuantizationRecipe e4m3(Granularity granularity) {
    return QuantizationRecipe.online("e4m3", Formats.E4M3, granularity, ScaleRule.AMAX);
  }

  /** Symmetric scaling of a matrix by a recipe, step by step. */
  public static QuantizationExample quantize(
      String title, float[] matrix, int rows, int columns, QuantizationRecipe recipe) {
    Fp8Tensor tensor = QuantizerReference.quantize(title, matrix, rows, columns, recipe);
    Format element = recipe.element();
    List<Step> steps = new ArrayList<>();
    for (int group = 0; group < tensor.scales().length; group++) {
      describeGroup(matrix, tensor, group, steps);
    }
    List<QuantizationExample.Value> values = new ArrayList<>();
    for (int i = 0; i < matrix.length; i++) {
      int row = i / columns;
      int column = i % columns;
      float scale = tensor.scale(row, column);
      int code = tensor.code(row, column);
      values.add(
          new QuantizationExample.Value(
              matrix[i],
              scale,
              matrix[i] / scale,
              code,
              FormatTable.bits(element, code),
              tensor.value(row, column)));
    }
    ErrorStatistics statistics = ErrorStatistics.of(matrix, tensor);
    return example(title, steps, values, rows, columns, statistics);
  }

  private static void describeGroup(float[] matrix, Fp8Tensor tensor, int group, List<Step> steps) {
    QuantizationRecipe recipe = tensor.recipe();
    float amax = 0;
    for (int i = 0; i < matrix.length; i++) {
      if (tensor.group(i / tensor.columns(), i % tensor.columns()) == group) {
        amax = Math.max(amax, Math.abs(matrix[i]));
      }
    }
    String name = tensor.scales().length == 1 ? "" : " of group " + group;
    steps.add(new Step("amax" + name, "largest magnitude", Float.toString(amax)));
    float max = (float) recipe.element().max();
    float exact = ScaleRule.AMAX.scale(amax, recipe.element());
    steps.add(
        new Step(
            "scale" + name,
            amax == 0 ? "a group of zeros" : amax + " / " + Explanation.text(max),
            Float.toString(exact)));
    float scale = tensor.scales()[group] * tensor.tensorScale();
    if (scale != exact) {
      String how =
          recipe.scaleRule() == ScaleRule.AMAX
              ? "kept in " + recipe.scaleFormat().name()
              : "as a power of two";
      steps.add(new Step("scale" + name, how, Float.toString(scale)));
    }
  }

  /** Affine scaling of a row to INT8, step by step. */
  public static QuantizationExample affine(String title, float[] row) {
    AffineQuantizer quantizer = AffineQuantizer.fit(row);
    float min = 0;
    float max = 0;
    for (float value : row) {
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    List<Step> steps = new ArrayList<>();
    steps.add(new Step("range", "smallest and largest value, and zero", min + " to " + max));
    steps.add(
        new Step(
            "scale",
            String.format("(%s - %s) / 255", max, min),
            Float.toString(quantizer.scale())));
    steps.add(
        new Step(
            "zero point",
            String.format("rne(-128 - %s / %s)", min, quantizer.scale()),
            Integer.toString(quantizer.zeroPoint())));
    List<QuantizationExample.Value> values = new ArrayList<>();
    ErrorStatistics statistics = new ErrorStatistics();
    for (float value : row) {
      byte code = quantizer.encode(value);
      float roundTrip = quantizer.decode(code);
      statistics.add(value, roundTrip, quantizer.scale(), Formats.INT8);
      values.add(
          new QuantizationExample.Value(
              value,
              quantizer.scale(),
              value / quantizer.scale(),
              code & 0xff,
              FormatTable.bits(Formats.INT8, code),
              roundTrip));
    }
    return example(title, steps, values, 1, row.length, statistics);
  }

  private static QuantizationExample example(
      String title,
      List<Step> steps,
      List<QuantizationExample.Value> values,
      int rows,
      int columns,
      ErrorStatistics statistics) {
    return new QuantizationExample(
        title,
        steps,
        values,
        rows,
        columns,
        statistics.sqnrDecibels(),
        statistics.meanRelativeError(),
        statistics.underflowShare());
  }
}
