package org.foretoken.fp8;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How one matrix becomes codes and scales.
 *
 * @param name a preset's name, or one of the user's
 * @param element format of the codes: E4M3, E5M2, E5M6, E2M1 or INT8
 * @param granularity the groups that share a scale
 * @param scaleRule how a scale comes from the group's amax
 * @param scaleFormat what a scale is kept in: FP32, E8M0, or E4M3 under a {@code tensorScale}
 * @param tensorScale whether an FP32 scale of the whole tensor multiplies the groups' scales
 *     (NVFP4)
 * @param scaling when the amax is taken
 * @param rounding how x / scale becomes a code
 */
public record QuantizationRecipe(
    String name,
    Format element,
    Granularity granularity,
    ScaleRule scaleRule,
    Format scaleFormat,
    boolean tensorScale,
    Scaling scaling,
    Rounding rounding) {

  public QuantizationRecipe {
    require(
        element.bits() <= 12 && element.signed(),
        "element",
        "E4M3, E5M2, E5M6, E2M1 or INT8",
        element.name());
    switch (scaleFormat.name()) {
      case "FP32" ->
          require(!tensorScale, "tensorScale", "false with FP32 scales", Boolean.toString(true));
      case "E8M0" -> {
        require(
            scaleRule != ScaleRule.AMAX,
            "scaleRule",
            "power_of_two or ocp_floor with E8M0 scales",
            scaleRule.name());
        require(!tensorScale, "tensorScale", "false with E8M0 scales", Boolean.toString(true));
      }
      case "E4M3" ->
          require(
              tensorScale && scaleRule == ScaleRule.AMAX,
              "scaleFormat",
              "E4M3 with tensorScale true and scaleRule amax only",
              "tensorScale " + tensorScale + ", scaleRule " + scaleRule);
      default -> require(false, "scaleFormat", "FP32, E8M0 or E4M3", scaleFormat.name());
    }
    require(
        scaling instanceof Scaling.Online || granularity.equals(Granularity.TENSOR) && !tensorScale,
        "scaling",
        "delayed with granularity tensor only",
        "granularity " + granularity);
  }

  private static void require(boolean holds, String key, String expected, String found) {
    if (!holds) {
      throw new InputException(key + ": expected " + expected + ", found " + found);
    }
  }

  /** The usual recipe: FP32 scales, taken online, nearest even. */
  static QuantizationRecipe online(
      String name, Format element, Granularity granularity, ScaleRule rule) {
    return new QuantizationRecipe(
        name,
        element,
        granularity,
        rule,
        Formats.FP32,
        false,
        Scaling.ONLINE,
        Rounding.NEAREST_EVEN);
  }

  /** This recipe with other groups. */
  public QuantizationRecipe withGranularity(Granularity other) {
    return new QuantizationRecipe(
        name, element, other, scaleRule, scaleFormat, tensorScale, scaling, rounding);
  }

  /** This recipe with other codes. */
  public QuantizationRecipe withElement(Format other) {
    return new QuantizationRecipe(
        name, other, granularity, scaleRule, scaleFormat, tensorScale, scaling, rounding);
  }

  /** This recipe with another rounding. */
  public QuantizationRecipe withRounding(Rounding other) {
    return new QuantizationRecipe(
        name, element, granularity, scaleRule, scaleFormat, tensorScale, scaling, other);
  }

  /** Bits that a matrix [rows, columns] takes, codes and scales. */
  public long bits(int rows, int columns) {
    long scales = (long) granularity.scaleRows(rows) * granularity.scaleColumns(columns);
    long codes = (long) rows * columns;
    return codes * element.bits() + scales * scaleFormat.bits() + (tensorScale ? 32 : 0);
  }

  /** The map that {@link RecipeReader#quantization} reads. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("element", element.name());
    map.put("granularity", granularity.toString());
    map.put("scaleRule", lower(scaleRule));
    map.put("scaleFormat", scaleFormat.name());
    map.put("tensorScale", tensorScale);
    switch (scaling) {
      case Scaling.Online _ -> map.put("scaling", "online");
      case Scaling.Delayed delayed -> {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("history", delayed.historyLength());
        fields.put("margin", delayed.margin());
        map.put("scaling", Map.of("delayed", fields));
      }
    }
    map.put("rounding", lower(rounding));
    return map;
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(java.util.Locale.ROOT);
  }
}
