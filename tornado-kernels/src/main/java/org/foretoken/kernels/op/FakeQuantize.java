package org.foretoken.kernels.op;

import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.Rounding;
import org.foretoken.fp8.ScaleRule;
import org.foretoken.fp8.Scaling;
import org.foretoken.kernels.graph.Signature;

/**
 * y = decode(encode(x / scale)) * scale: x as it comes back from FP8, in FP32. An FP32 product of
 * two such matrices is what an FP8 GEMM with FP32 accumulation computes, up to the order of its
 * sums; it shows a recipe's numerics where there is no FP8 GEMM for its scales, and saves nothing.
 *
 * @param scope the values that share a scale
 * @param element format of the codes
 * @param powerOfTwo round each scale up to a power of two
 */
public record FakeQuantize(Scope scope, Element element, boolean powerOfTwo) implements Op {
  private static final Signature SIGNATURE = Signature.parse("x F32[M,K] -> y F32[M,K]");

  /** The values that share a scale; an extent of 0 is the matrix's own. */
  public enum Scope {
    /** One scale. */
    TENSOR(Granularity.TENSOR),
    /** One scale a row. */
    ROW(Granularity.ROW),
    /** One scale a column. */
    COLUMN(Granularity.COLUMN),
    /** MXFP8's blocks along rows. */
    ROW_1X32(Granularity.MX_1X32),
    /** MXFP8's blocks along columns. */
    COLUMN_32X1(Granularity.MX_32X1),
    /** DeepSeek-V3's tiles. */
    ROW_1X128(Granularity.TILE_1X128),
    /** DeepSeek-V3's tiles for wgrad. */
    COLUMN_128X1(Granularity.TILE_128X1),
    /** DeepSeek-V3's blocks of weights. */
    BLOCK_128X128(Granularity.BLOCK_128X128);

    private final Granularity granularity;

    Scope(Granularity granularity) {
      this.granularity = granularity;
    }

    /** The groups in fp8's terms. */
    public Granularity granularity() {
      return granularity;
    }
  }

  /** Format of the codes. */
  public enum Element {
    /** E4M3. */
    E4M3(Formats.E4M3),
    /** E5M2. */
    E5M2(Formats.E5M2);

    private final Format format;

    Element(Format format) {
      this.format = format;
    }
  }

  /**
   * The operation of a recipe.
   *
   * @throws InputException for a recipe with other formats, groups or scales, and for delayed ones
   */
  public static FakeQuantize of(QuantizationRecipe recipe) {
    for (Scope scope : Scope.values()) {
      for (Element element : Element.values()) {
        if (scope.granularity.equals(recipe.granularity())
            && element.format.equals(recipe.element())
            && recipe.scaleRule() != ScaleRule.OCP_FLOOR
            && recipe.scaling() instanceof Scaling.Online
            && recipe.rounding() == Rounding.NEAREST_EVEN
            && !recipe.tensorScale()) {
          return new FakeQuantize(scope, element, recipe.scaleRule() == ScaleRule.POWER_OF_TWO);
        }
      }
    }
    throw new InputException(
        "recipe "
            + recipe.name()
            + ": expected E4M3 or E5M2 codes with online scales for a tensor, rows, columns, 1x32,"
            + " 1x128 or 128x128, found "
            + recipe.element().name()
            + " for "
            + recipe.granularity());
  }

  /**
   * The recipe in fp8's terms. Scales are FP32: MXFP8's E8M0 scales are the same powers of two, but
   * below 2^-127.
   */
  public QuantizationRecipe recipe() {
    QuantizationRecipe tensor =
        powerOfTwo ? QuantizationRecipes.BLOCK_128X128_POW2 : QuantizationRecipes.TENSOR;
    return tensor.withGranularity(scope.granularity).withElement(element.format);
  }

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
