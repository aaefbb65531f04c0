package org.foretoken.fp8;

import java.util.List;

/**
 * The numbers of the numerics contract, in one place; docs/NUMERICS.md says where each comes from.
 */
public final class Tolerances {
  /** GEMM of quantized operands against the BF16 product: 1 - 2 sum(xy) / (sum(xx) + sum(yy)). */
  public static final double GEMM_DIFFERENCE = 1e-3;

  /** GEMM of quantized operands against the BF16 product: SQNR in dB, at least. */
  public static final double GEMM_SQNR_DECIBELS = 28;

  /**
   * GEMM against the FP64 product of the same quantized operands: 1 - 2 sum(xy) / (sum(xx) +
   * sum(yy)).
   */
  public static final double GEMM_TO_EXACT = 1e-6;

  /** Gradient of a layer against central differences in FP64, relative. */
  public static final double GRADIENT = 1e-5;

  /** Loss in FP8 against the loss in BF16, relative, paired by seed. */
  public static final double LOSS = 0.0025;

  /** Error of Hopper's accumulator at K = 4096 against the product's root mean square, at most. */
  public static final double ACCUMULATOR = 0.025;

  /** The same with promotion each 128 products, at most. */
  public static final double ACCUMULATOR_PROMOTED = 0.003;

  /**
   * Loss of a token by absorbed decoding of latent attention against the forward pass that expands
   * keys and values, in FP32: the same sums in another order.
   */
  public static final double ABSORBED_FP32 = 2e-5;

  /**
   * The same in BF16 and FP8, root mean square over tokens, as a share of what the recipe itself
   * moves the losses from those in FP32. The forward pass rounds the latent before it is expanded;
   * decoding keeps it as it is and rounds, in BF16, the query instead.
   */
  public static final double ABSORBED_QUANTIZED = 1.25;

  /**
   * A row of the table.
   *
   * @param name name of the constant
   * @param value the number
   * @param what what is held to it
   */
  public record Row(String name, double value, String what) {}

  /** The table, for reports. */
  public static final List<Row> TABLE =
      List.of(
          new Row("GEMM_DIFFERENCE", GEMM_DIFFERENCE, "FP8 GEMM against BF16, difference below"),
          new Row("GEMM_SQNR_DECIBELS", GEMM_SQNR_DECIBELS, "FP8 GEMM against BF16, dB above"),
          new Row("GEMM_TO_EXACT", GEMM_TO_EXACT, "FP8 GEMM against FP64 of its operands, below"),
          new Row("GRADIENT", GRADIENT, "gradient against central differences, relative, below"),
          new Row("LOSS", LOSS, "loss in FP8 against BF16, relative, below"),
          new Row("ACCUMULATOR", ACCUMULATOR, "tensor core at K = 4096, error / rms, below"),
          new Row(
              "ABSORBED_FP32", ABSORBED_FP32, "absorbed decoding, loss of a token, FP32, below"),
          new Row(
              "ABSORBED_QUANTIZED",
              ABSORBED_QUANTIZED,
              "the same in BF16 and FP8, share of the recipe's error, below"),
          new Row("ACCUMULATOR_PROMOTED", ACCUMULATOR_PROMOTED, "the same with promotion, below"));

  private Tolerances() {}
}
