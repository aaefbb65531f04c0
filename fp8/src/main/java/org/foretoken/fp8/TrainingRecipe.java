package org.foretoken.fp8;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How the operands of a linear layer's three products are quantized, Y = X W^T with X [tokens, in]
 * and W [out, in]. Each operand comes from the high-precision tensor, never from another operand's
 * codes.
 *
 * <p>fprop sums over {@code in}, dgrad dX = dY W over {@code out}, wgrad dW = dY^T X over tokens;
 * groups that lie along the summed dimension can be scaled inside the product.
 *
 * @param name a preset's name, or one of the user's
 * @param fpropActivation X in fprop
 * @param fpropWeight W in fprop
 * @param dgradGradient dY in dgrad
 * @param dgradWeight W in dgrad
 * @param wgradGradient dY in wgrad
 * @param wgradActivation X in wgrad
 */
public record TrainingRecipe(
    String name,
    QuantizationRecipe fpropActivation,
    QuantizationRecipe fpropWeight,
    QuantizationRecipe dgradGradient,
    QuantizationRecipe dgradWeight,
    QuantizationRecipe wgradGradient,
    QuantizationRecipe wgradActivation) {

  /** DeepSeek-V3: E4M3 everywhere; 1x128, 128x128 and, in wgrad, 128x1; online (section 3.3.2). */
  public static final TrainingRecipe DEEPSEEK =
      new TrainingRecipe(
          "deepseek",
          QuantizationRecipes.TILE_1X128,
          QuantizationRecipes.BLOCK_128X128,
          QuantizationRecipes.TILE_1X128,
          QuantizationRecipes.BLOCK_128X128,
          QuantizationRecipes.TILE_128X1,
          QuantizationRecipes.TILE_128X1);

  /** {@link #DEEPSEEK} with E5M2 gradients, the split of earlier FP8 work. */
  public static final TrainingRecipe HYBRID = DEEPSEEK.withGradients("hybrid", Formats.E5M2);

  /** {@link #DEEPSEEK} with every scale a power of two. */
  public static final TrainingRecipe DEEPSEEK_POW2 =
      new TrainingRecipe(
          "deepseek-pow2",
          pow2("1x128-pow2", Granularity.TILE_1X128),
          QuantizationRecipes.BLOCK_128X128_POW2,
          pow2("1x128-pow2", Granularity.TILE_1X128),
          QuantizationRecipes.BLOCK_128X128_POW2,
          pow2("128x1-pow2", Granularity.TILE_128X1),
          pow2("128x1-pow2", Granularity.TILE_128X1));

  /**
   * Gradients in 128x128 blocks too: the control that fails, as it diverged in DeepSeek's ablation
   * (appendix B.2 of the report).
   */
  public static final TrainingRecipe BLOCK_GRADIENTS =
      new TrainingRecipe(
          "block-gradients",
          QuantizationRecipes.TILE_1X128,
          QuantizationRecipes.BLOCK_128X128,
          QuantizationRecipes.BLOCK_128X128,
          QuantizationRecipes.BLOCK_128X128,
          QuantizationRecipes.BLOCK_128X128,
          QuantizationRecipes.TILE_128X1);

  /** One scale a tensor, online. */
  public static final TrainingRecipe TENSORWISE = uniform("tensorwise", QuantizationRecipes.TENSOR);

  /** One scale a tensor, E5M2 gradients. */
  public static final TrainingRecipe TENSORWISE_HYBRID =
      TENSORWISE.withGradients("tensorwise-hybrid", Formats.E5M2);

  /** One scale a tensor, from the amax of earlier steps. */
  public static final TrainingRecipe TENSORWISE_DELAYED =
      uniform("tensorwise-delayed", QuantizationRecipes.TENSOR_DELAYED);

  /** One scale for each vector of the summed dimension. */
  public static final TrainingRecipe ROWWISE = uniform("rowwise", QuantizationRecipes.ROW);

  /** OCP MXFP8, blocks of 32 along the summed dimension. */
  public static final TrainingRecipe MXFP8 = uniform("mxfp8", QuantizationRecipes.MXFP8);

  /** NVFP4, blocks of 16 along the summed dimension; an experiment. */
  public static final TrainingRecipe NVFP4 = uniform("nvfp4", QuantizationRecipes.NVFP4);

  /** All presets. */
  public static final List<TrainingRecipe> ALL =
      List.of(
          DEEPSEEK,
          HYBRID,
          DEEPSEEK_POW2,
          BLOCK_GRADIENTS,
          TENSORWISE,
          TENSORWISE_HYBRID,
          TENSORWISE_DELAYED,
          ROWWISE,
          MXFP8,
          NVFP4);

  private static QuantizationRecipe pow2(String name, Granularity granularity) {
    return QuantizationRecipe.online(name, Formats.E4M3, granularity, ScaleRule.POWER_OF_TWO);
  }

  /** {@code alongRows} where the summed dimension is a row, and its transpose elsewhere. */
  private static TrainingRecipe uniform(String name, QuantizationRecipe alongRows) {
    QuantizationRecipe alongColumns =
        alongRows.withGranularity(alongRows.granularity().transposed());
    return new TrainingRecipe(
        name, alongRows, alongRows, alongRows, alongColumns, alongColumns, alongColumns);
  }

  /** This recipe with other codes for gradients. */
  public TrainingRecipe withGradients(String newName, Format element) {
    return new TrainingRecipe(
        newName,
        fpropActivation,
        fpropWeight,
        dgradGradient.withElement(element),
        dgradWeight,
        wgradGradient.withElement(element),
        wgradActivation);
  }

  /**
   * The preset called {@code name}.
   *
   * @throws InputException with {@code path} if there is none
   */
  public static TrainingRecipe byName(String name, String path) {
    return ALL.stream()
        .filter(recipe -> recipe.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    path
                        + ": expected one of "
                        + ALL.stream().map(TrainingRecipe::name).collect(Collectors.joining(", "))
                        + ", found '"
                        + name
                        + "'"));
  }

  /** The map that {@link RecipeReader#training} reads. */
  public Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("fpropActivation", fpropActivation.toMap());
    map.put("fpropWeight", fpropWeight.toMap());
    map.put("dgradGradient", dgradGradient.toMap());
    map.put("dgradWeight", dgradWeight.toMap());
    map.put("wgradGradient", wgradGradient.toMap());
    map.put("wgradActivation", wgradActivation.toMap());
    return map;
  }
}
