package org.foretoken.fp8;

import java.util.List;
import java.util.stream.Collectors;

/** The recipes for one matrix that have a name. */
public final class QuantizationRecipes {
  /** One FP32 scale for the tensor: the classical amax scaling, and the control for outliers. */
  public static final QuantizationRecipe TENSOR =
      QuantizationRecipe.online("tensor", Formats.E4M3, Granularity.TENSOR, ScaleRule.AMAX);

  /** {@link #TENSOR} from the amax of the last 16 steps. */
  public static final QuantizationRecipe TENSOR_DELAYED =
      new QuantizationRecipe(
          "tensor-delayed",
          Formats.E4M3,
          Granularity.TENSOR,
          ScaleRule.AMAX,
          Formats.FP32,
          false,
          new Scaling.Delayed(16, 0),
          Rounding.NEAREST_EVEN);

  /** One FP32 scale a row. */
  public static final QuantizationRecipe ROW =
      QuantizationRecipe.online("row", Formats.E4M3, Granularity.ROW, ScaleRule.AMAX);

  /** DeepSeek-V3's activations: 1x128 tiles. */
  public static final QuantizationRecipe TILE_1X128 =
      QuantizationRecipe.online("1x128", Formats.E4M3, Granularity.TILE_1X128, ScaleRule.AMAX);

  /** DeepSeek-V3's activations in wgrad: 128x1 tiles. */
  public static final QuantizationRecipe TILE_128X1 =
      QuantizationRecipe.online("128x1", Formats.E4M3, Granularity.TILE_128X1, ScaleRule.AMAX);

  /** DeepSeek-V3's weights: 128x128 blocks. */
  public static final QuantizationRecipe BLOCK_128X128 =
      QuantizationRecipe.online("128x128", Formats.E4M3, Granularity.BLOCK_128X128, ScaleRule.AMAX);

  /** {@link #BLOCK_128X128} with power-of-two scales. */
  public static final QuantizationRecipe BLOCK_128X128_POW2 =
      QuantizationRecipe.online(
          "128x128-pow2", Formats.E4M3, Granularity.BLOCK_128X128, ScaleRule.POWER_OF_TWO);

  /**
   * The cached inputs of the linear layer after attention: E5M6 in 1x128 tiles with power-of-two
   * scales (DeepSeek-V3, section 3.3.3), so that re-tiling to 128x1 changes exponents only.
   */
  public static final QuantizationRecipe E5M6_CACHE =
      QuantizationRecipe.online(
          "e5m6-cache", Formats.E5M6, Granularity.TILE_1X128, ScaleRule.POWER_OF_TWO);

  /** OCP MXFP8: E4M3 in blocks of 32 with E8M0 scales, rounded up. */
  public static final QuantizationRecipe MXFP8 = mx("mxfp8", Formats.E4M3, ScaleRule.POWER_OF_TWO);

  /** OCP MXFP8 with the scale of the specification's section 6.3. */
  public static final QuantizationRecipe MXFP8_OCP =
      mx("mxfp8-ocp", Formats.E4M3, ScaleRule.OCP_FLOOR);

  /** OCP MXFP4: E2M1 in blocks of 32 with E8M0 scales. */
  public static final QuantizationRecipe MXFP4 = mx("mxfp4", Formats.E2M1, ScaleRule.OCP_FLOOR);

  /** NVFP4, an experiment: E2M1 in blocks of 16 with E4M3 scales under an FP32 tensor scale. */
  public static final QuantizationRecipe NVFP4 =
      new QuantizationRecipe(
          "nvfp4",
          Formats.E2M1,
          Granularity.NVFP4_1X16,
          ScaleRule.AMAX,
          Formats.E4M3,
          true,
          Scaling.ONLINE,
          Rounding.NEAREST_EVEN);

  /** Symmetric 8-bit integers with one scale a row, for comparison. */
  public static final QuantizationRecipe INT8_ROW =
      QuantizationRecipe.online("int8-row", Formats.INT8, Granularity.ROW, ScaleRule.AMAX);

  /** All of them. */
  public static final List<QuantizationRecipe> ALL =
      List.of(
          TENSOR,
          TENSOR_DELAYED,
          ROW,
          TILE_1X128,
          TILE_128X1,
          BLOCK_128X128,
          BLOCK_128X128_POW2,
          E5M6_CACHE,
          MXFP8,
          MXFP8_OCP,
          MXFP4,
          NVFP4,
          INT8_ROW);

  private QuantizationRecipes() {}

  private static QuantizationRecipe mx(String name, Format element, ScaleRule rule) {
    return new QuantizationRecipe(
        name,
        element,
        Granularity.MX_1X32,
        rule,
        Formats.E8M0,
        false,
        Scaling.ONLINE,
        Rounding.NEAREST_EVEN);
  }

  /**
   * The recipe called {@code name}.
   *
   * @throws InputException with {@code path} if there is none
   */
  public static QuantizationRecipe byName(String name, String path) {
    return ALL.stream()
        .filter(recipe -> recipe.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    path
                        + ": expected one of "
                        + ALL.stream()
                            .map(QuantizationRecipe::name)
                            .collect(Collectors.joining(", "))
                        + ", found '"
                        + name
                        + "'"));
  }
}
