package org.foretoken.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.foretoken.fp8.TensorCoreAccumulator.Cut;
import org.junit.jupiter.api.Test;

class TensorCoreAccumulatorTest {
  private static final TensorCoreAccumulator HOPPER = TensorCoreAccumulator.HOPPER;

  private static float sum(TensorCoreAccumulator accumulator, float[] a, float[] b) {
    return accumulator.dot(a, Formats.E4M3, b, Formats.E4M3);
  }

  private static float sum(TensorCoreAccumulator accumulator, float... a) {
    float[] ones = new float[a.length];
    java.util.Arrays.fill(ones, 1f);
    return accumulator.dot(a, Formats.FP32, ones, Formats.E4M3);
  }

  @Test
  void keepsFourteenBitsFromTheLargestAddend() {
    assertThat(sum(HOPPER, 1f, 0x1p-13f)).isEqualTo(1f + 0x1p-13f);
    assertThat(sum(HOPPER, 1f, 0x1p-14f)).isEqualTo(1f);
    // Each addend is cut before the sum, so two halves of the last bit are lost.
    assertThat(sum(HOPPER, 1f, 0x1p-14f, 0x1p-14f)).isEqualTo(1f);
    assertThat(sum(HOPPER, 1f, 0x1.8p-13f, 0x1.8p-13f)).isEqualTo(1f + 0x1p-12f);
    assertThat(sum(HOPPER, 0x1p-14f, 0x1p-15f)).isEqualTo(0x1p-14f + 0x1p-15f);
  }

  @Test
  void cutsTowardZeroOrTowardNegative() {
    assertThat(sum(HOPPER, 1f, -0x1p-14f)).isEqualTo(1f);
    TensorCoreAccumulator floor = new TensorCoreAccumulator(32, 14, 0, Cut.TOWARD_NEGATIVE);
    assertThat(sum(floor, 1f, -0x1p-14f)).isEqualTo(1f - 0x1p-13f);
    assertThat(sum(floor, 1f, 0x1p-14f)).isEqualTo(1f);
    assertThat(sum(HOPPER, -1f, -0x1.8p-13f)).isEqualTo(-1f - 0x1p-13f);
    assertThat(sum(floor, -1f, -0x1.8p-13f)).isEqualTo(-1f - 0x1p-12f);
  }

  @Test
  void theSumIsCutToFourteenBitsToo() {
    // 1.5 + 1 + 2^-13 has 15 bits; the last goes when it enters the accumulator.
    assertThat(sum(HOPPER, 1.5f, 1f, 0x1p-13f)).isEqualTo(2.5f);
    assertThat(sum(HOPPER, 1.5f, 1f, 0x1p-12f)).isEqualTo(2.5f + 0x1p-12f);
    assertThat(sum(HOPPER, -1.5f, -1f, -0x1p-13f)).isEqualTo(-2.5f);
  }

  @Test
  void theAccumulatorIsAlignedWithTheNextProducts() {
    float[] a = new float[33];
    float[] b = new float[33];
    java.util.Arrays.fill(a, 0, 32, 32f);
    java.util.Arrays.fill(b, 0, 32, 32f);
    // 32 * 1024 = 2^15, so the last bit kept in the next step is 2^2.
    a[32] = 3.75f;
    b[32] = 1f;
    assertThat(sum(HOPPER, a, b)).isEqualTo(32768f);
    a[32] = 4f;
    assertThat(sum(HOPPER, a, b)).isEqualTo(32772f);
    a[32] = 3.75f;
    assertThat(sum(HOPPER.promotedEach(32), a, b)).isEqualTo(32771.75f);
    assertThat(sum(new TensorCoreAccumulator(32, 40, 0, Cut.TOWARD_ZERO), a, b))
        .isEqualTo(32771.75f);
  }

  @Test
  void productsKeepTheSumOfTheirExponents() {
    // 1.875^2 = 3.515625 has exponent 0 + 0 here, so 2^-13 next to it survives the alignment ...
    float[] a = {1.875f, 0x1p-6f};
    float[] b = {1.875f, 0x1p-7f};
    assertThat(HOPPER.dot(a, Formats.E4M3, b, Formats.FP32)).isEqualTo(3.515625f);
    // ... and is only cut from the sum, which two of them show.
    float[] two = {1.875f, 0x1p-6f, 0x1p-6f};
    float[] twoMore = {1.875f, 0x1p-7f, 0x1p-7f};
    assertThat(HOPPER.dot(two, Formats.E4M3, twoMore, Formats.FP32))
        .isEqualTo(3.515625f + 0x1p-12f);
  }

  @Test
  void subnormalOperandsHaveTheSmallestExponent() {
    float[] a = {0x1p-16f, 0x1p-16f};
    float[] b = {1f, 0x1p-12f};
    // 2^-16 counts as exponent -14: the last bit kept is 2^-27, and 2^-28 goes.
    assertThat(HOPPER.dot(a, Formats.E5M2, b, Formats.E5M2)).isEqualTo(0x1p-16f);
    b[1] = 0x1p-11f;
    assertThat(HOPPER.dot(a, Formats.E5M2, b, Formats.E5M2)).isEqualTo(0x1p-16f + 0x1p-27f);
    assertThat(HOPPER.dot(b, Formats.E5M2, a, Formats.E5M2)).isEqualTo(0x1p-16f + 0x1p-27f);
  }

  @Test
  void zeroProductsDoNotTakePartInTheAlignment() {
    float[] a = {0f, 0x1p-16f};
    float[] b = {57344f, 1f};
    assertThat(HOPPER.dot(a, Formats.E5M2, b, Formats.E5M2)).isEqualTo(0x1p-16f);
    assertThat(sum(HOPPER, 0f, 0f)).isEqualTo(0f);
    assertThat(sum(HOPPER, 1f, -1f)).isEqualTo(0f);
    assertThat(sum(HOPPER)).isEqualTo(0f);
    assertThat(sum(HOPPER.promotedEach(32))).isEqualTo(0f);
  }

  @Test
  void nanAndInfinityPassThrough() {
    assertThat(sum(HOPPER, 1f, Float.NaN)).isNaN();
    assertThat(sum(HOPPER, 1f, Float.POSITIVE_INFINITY)).isEqualTo(Float.POSITIVE_INFINITY);
    assertThat(sum(HOPPER, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY)).isNaN();
  }

  @Test
  void refusesAModelThatMakesNoSense() {
    int[][] wrong = {
      {0, 14, 0}, {1025, 14, 0}, {32, 1, 0}, {32, 41, 0}, {32, 14, -32}, {32, 14, 48}
    };
    for (int[] w : wrong) {
      assertThatThrownBy(() -> new TensorCoreAccumulator(w[0], w[1], w[2], Cut.TOWARD_ZERO))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith("accumulator: expected groupSize 1 to 1024")
          .hasMessageContaining("keptBits " + w[1]);
    }
    assertThat(new TensorCoreAccumulator(1024, 40, 1024, Cut.TOWARD_ZERO).groupSize())
        .isEqualTo(1024);
    assertThat(new TensorCoreAccumulator(1, 2, 1, Cut.TOWARD_ZERO).keptBits()).isEqualTo(2);
  }

  /**
   * The report's statement about two random matrices with K = 4096. With standard normal values,
   * quantized row by row, and the error measured against the root mean square of the product, the
   * model shows what the report does; relative to single elements near zero no bound can hold.
   */
  @Test
  void randomMatricesLoseTwoPercentAndPromotionSavesThem() {
    int size = 96;
    int inner = 4096;
    SplittableRandom random = new SplittableRandom(7);
    float[][] a = normalRows(size, inner, random);
    float[][] b = normalRows(size, inner, random);
    double plain = 0;
    double promoted = 0;
    double squares = 0;
    for (float[] x : a) {
      for (float[] y : b) {
        double exact = 0;
        for (int k = 0; k < inner; k++) {
          exact += (double) x[k] * y[k];
        }
        squares += exact * exact;
        plain = Math.max(plain, Math.abs(sum(HOPPER, x, y) - exact));
        promoted =
            Math.max(promoted, Math.abs(sum(TensorCoreAccumulator.HOPPER_PROMOTED, x, y) - exact));
      }
    }
    double rms = Math.sqrt(squares / (size * size));
    assertThat(plain / rms).isBetween(0.012, 0.025);
    assertThat(promoted / rms).isLessThan(0.003);
  }

  @Test
  void positiveMatricesLoseMoreAndPromotionStillSavesThem() {
    SplittableRandom random = new SplittableRandom(3);
    float[] a = new float[4096];
    float[] b = new float[4096];
    double exact = 0;
    for (int k = 0; k < a.length; k++) {
      a[k] = E4M3.decode(E4M3.encode((float) (448 * random.nextDouble())));
      b[k] = E4M3.decode(E4M3.encode((float) (448 * random.nextDouble())));
      exact += (double) a[k] * b[k];
    }
    assertThat((exact - sum(HOPPER, a, b)) / exact).isBetween(0.05, 0.1);
    assertThat((exact - sum(TensorCoreAccumulator.HOPPER_PROMOTED, a, b)) / exact)
        .isBetween(0.0, 0.001);
  }

  private static float[][] normalRows(int rows, int columns, SplittableRandom random) {
    float[][] values = new float[rows][];
    for (int row = 0; row < rows; row++) {
      float[] x = new float[columns];
      for (int k = 0; k < columns; k++) {
        x[k] = (float) random.nextGaussian();
      }
      Fp8Tensor tensor =
          QuantizerReference.quantize("x", x, 1, columns, QuantizationRecipes.TENSOR);
      for (int k = 0; k < columns; k++) {
        x[k] = tensor.decoded(0, k);
      }
      values[row] = x;
    }
    return values;
  }
}
