package org.foretoken.fp8;

/**
 * The quantizer that every fast one is held to, bit by bit: slow, one element after another, for
 * every recipe and every shape.
 *
 * <p>amax = largest magnitude of the group, NaN not counted; scale by the recipe's {@link
 * ScaleRule}; code = encode(x / scale), where x / scale is the correctly rounded FP32 quotient,
 * never a product with a reciprocal, and encode saturates. NaN stays NaN, with its sign, where the
 * format has one. An infinity is an error, and so is a NaN in a format without.
 */
public final class QuantizerReference {
  private QuantizerReference() {}

  /**
   * Quantizes with nearest rounding, or with stochastic rounding under seed 0.
   *
   * @see #quantize(String, float[], int, int, QuantizationRecipe, long)
   */
  public static Fp8Tensor quantize(
      String name, float[] values, int rows, int columns, QuantizationRecipe recipe) {
    return quantize(name, values, rows, columns, recipe, 0);
  }

  /**
   * Quantizes a matrix by an online recipe.
   *
   * @param name the tensor's name, for messages
   * @param values [rows, columns], row-major
   * @param seed seed of stochastic rounding
   * @throws InputException naming tensor and index if a value is infinite, or NaN without a code
   */
  public static Fp8Tensor quantize(
      String name, float[] values, int rows, int columns, QuantizationRecipe recipe, long seed) {
    if (!(recipe.scaling() instanceof Scaling.Online)) {
      throw new IllegalArgumentException("recipe " + recipe.name() + " needs an AmaxHistory");
    }
    checkValues(name, values, rows, columns, recipe.element());
    Granularity granularity = recipe.granularity();
    int scaleColumns = granularity.scaleColumns(columns);
    float[] amax = new float[granularity.scaleRows(rows) * scaleColumns];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        int group = granularity.scaleRow(row) * scaleColumns + granularity.scaleColumn(column);
        float magnitude = Math.abs(values[row * columns + column]);
        if (magnitude > amax[group]) {
          amax[group] = magnitude;
        }
      }
    }
    float tensorScale = recipe.tensorScale() ? tensorScale(amax, recipe) : 1f;
    float[] scales = new float[amax.length];
    for (int group = 0; group < scales.length; group++) {
      scales[group] = scale(amax[group], tensorScale, recipe);
    }
    return encode(values, rows, columns, recipe, scales, tensorScale, seed);
  }

  /**
   * Quantizes a matrix by a delayed recipe: with the scale of {@code history}, in which the amax of
   * these values is then recorded.
   *
   * @see #quantize(String, float[], int, int, QuantizationRecipe, long)
   */
  public static Fp8Tensor quantize(
      String name,
      float[] values,
      int rows,
      int columns,
      QuantizationRecipe recipe,
      AmaxHistory history,
      long seed) {
    checkValues(name, values, rows, columns, recipe.element());
    float[] scales = new float[recipe.granularity().scaleRows(rows)];
    java.util.Arrays.fill(scales, history.scale(recipe));
    history.record(amax(values));
    return encode(values, rows, columns, recipe, scales, 1f, seed);
  }

  /** The largest magnitude, NaN not counted; 0 if there is none. */
  public static float amax(float[] values) {
    float amax = 0;
    for (float value : values) {
      if (Math.abs(value) > amax) {
        amax = Math.abs(value);
      }
    }
    return amax;
  }

  /**
   * Refuses NaN, which a checkpoint must not hold.
   *
   * @param columns width of a row, for the index in the message
   */
  public static void requireNumbers(String name, float[] values, int columns) {
    for (int i = 0; i < values.length; i++) {
      if (Float.isNaN(values[i])) {
        throw unusable(name, i, columns, "a number", values[i]);
      }
    }
  }

  private static void checkValues(
      String name, float[] values, int rows, int columns, Format element) {
    if (values.length != Math.multiplyExact((long) rows, columns)) {
      throw new IllegalArgumentException(
          String.format(
              "%s: expected %d x %d values, found %d", name, rows, columns, values.length));
    }
    for (int i = 0; i < values.length; i++) {
      if (Float.isInfinite(values[i])) {
        throw unusable(name, i, columns, "a finite value", values[i]);
      }
    }
    if (!element.hasNan()) {
      requireNumbers(name, values, columns);
    }
  }

  private static InputException unusable(
      String name, int index, int columns, String expected, float found) {
    return new InputException(
        String.format(
            "%s [%d, %d] (element %d): expected %s, found %s; mend or clamp it before quantizing",
            name, index / columns, index % columns, index, expected, found));
  }

  /**
   * NVFP4's second level: the groups' scales, amax / max(element), fill their own format's range.
   */
  private static float tensorScale(float[] amax, QuantizationRecipe recipe) {
    double range = recipe.element().max() * recipe.scaleFormat().max();
    float scale = amax(amax) / (float) range;
    return scale > 0 ? scale : 1f;
  }

  /** The scale of a group in the recipe's scale format, the tensor's scale taken out. */
  private static float scale(float amax, float tensorScale, QuantizationRecipe recipe) {
    float scale = recipe.scaleRule().scale(amax, recipe.element());
    if (recipe.tensorScale()) {
      float kept = amax / (float) recipe.element().max() / tensorScale;
      scale = (float) recipe.scaleFormat().round(kept);
      return scale > 0 ? scale : 1f;
    }
    return (float) recipe.scaleFormat().round(scale);
  }

  private static Fp8Tensor encode(
      float[] values,
      int rows,
      int columns,
      QuantizationRecipe recipe,
      float[] scales,
      float tensorScale,
      long seed) {
    Format element = recipe.element();
    int bytes = Fp8Tensor.bytesPerCode(element);
    byte[] codes = new byte[values.length * bytes];
    Fp8Tensor tensor = new Fp8Tensor(codes, scales, tensorScale, rows, columns, recipe);
    for (int i = 0; i < values.length; i++) {
      int code;
      if (Float.isNaN(values[i])) {
        // Java leaves the sign of a computed NaN open, so it is taken from the value.
        code = element.nanCode(Float.floatToRawIntBits(values[i]) < 0);
      } else {
        float quotient = values[i] / tensor.scale(i / columns, i % columns);
        long random = RandomBits.at(seed, i);
        code = element.encode(quotient, recipe.rounding(), Overflow.SATURATE, random);
      }
      for (int b = 0; b < bytes; b++) {
        codes[i * bytes + b] = (byte) (code >>> 8 * b);
      }
    }
    return tensor;
  }
}
