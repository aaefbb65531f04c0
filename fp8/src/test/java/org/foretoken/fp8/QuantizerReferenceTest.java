package org.foretoken.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class QuantizerReferenceTest {
  static List<QuantizationRecipe> onlineRecipes() {
    return QuantizationRecipes.ALL.stream()
        .filter(recipe -> recipe.scaling() instanceof Scaling.Online)
        .toList();
  }

  @Test
  void followsTheDefinitionOnAWorkedExample() {
    float[] x = {1f, -2f, 0.5f, 7f, 0f, -0f, 1e-4f, 3f};
    Fp8Tensor tensor = QuantizerReference.quantize("x", x, 2, 4, QuantizationRecipes.TILE_1X128);
    assertThat(tensor.scales()).containsExactly(7f / 448f, 3f / 448f);
    // 1/s = 64, -2/s = -128, 0.5/s = 32, 7/s = 448; 0, -0; 1e-4/s = 0.01493 -> 8 * 2^-9; 448.
    assertThat(tensor.codes())
        .containsExactly(
            (byte) 0x68,
            (byte) 0xf0,
            (byte) 0x60,
            (byte) 0x7e,
            (byte) 0x00,
            (byte) 0x80,
            (byte) 0x08,
            (byte) 0x7e);
    assertThat(DequantizerReference.dequantize(tensor))
        .containsExactly(1f, -2f, 0.5f, 7f, 0f, -0f, 0x1p-6f * (3f / 448f), 3f);
    assertThat(tensor.tensorScale()).isEqualTo(1f);
  }

  @ParameterizedTest
  @MethodSource("onlineRecipes")
  void followsTheDefinitionOnRaggedShapes(QuantizationRecipe recipe) {
    int[][] shapes = {{1, 1}, {3, 13}, {130, 7}, {129, 257}, {2, 128}, {0, 5}, {5, 0}};
    for (int[] shape : shapes) {
      float[] x = hugeRange(shape[0] * shape[1], 17 + shape[0]);
      Fp8Tensor tensor = QuantizerReference.quantize("x", x, shape[0], shape[1], recipe);
      checkAgainstTheDefinition(x, tensor);
    }
  }

  /** The definition again, group by group with the group's members gathered first. */
  private static void checkAgainstTheDefinition(float[] x, Fp8Tensor tensor) {
    QuantizationRecipe recipe = tensor.recipe();
    double max = recipe.element().max();
    int height = recipe.granularity().rows() == 0 ? tensor.rows() : recipe.granularity().rows();
    int width =
        recipe.granularity().columns() == 0 ? tensor.columns() : recipe.granularity().columns();
    float all = 0;
    for (float value : x) {
      all = Math.max(all, Math.abs(value));
    }
    float tensorScale = recipe.tensorScale() && all > 0 ? all / (float) (448 * max) : 1f;
    int group = 0;
    for (int top = 0; top < tensor.rows(); top += height) {
      for (int left = 0; left < tensor.columns(); left += width, group++) {
        float amax = 0;
        for (int r = top; r < Math.min(top + height, tensor.rows()); r++) {
          for (int c = left; c < Math.min(left + width, tensor.columns()); c++) {
            amax = Math.max(amax, Math.abs(x[r * tensor.columns() + c]));
          }
        }
        float scale = amax / (float) max;
        if (recipe.tensorScale()) {
          float kept = E4M3.decode(E4M3.encode(scale / tensorScale));
          scale = (kept == 0 ? 1f : kept) * tensorScale;
        } else {
          scale = scale == 0 ? 1f : scale;
          if (recipe.scaleRule() == ScaleRule.POWER_OF_TWO) {
            scale = (float) Math.pow(2, Math.ceil(Math.log(scale) / Math.log(2) - 1e-9));
          } else if (recipe.scaleRule() == ScaleRule.OCP_FLOOR && amax > 0) {
            scale = (float) Math.pow(2, Math.getExponent(amax) - Math.getExponent(max));
          }
          if (recipe.scaleFormat() == Formats.E8M0) {
            scale = Math.max(scale, 0x1p-127f);
          }
        }
        assertThat(tensor.scales()[group] * tensor.tensorScale())
            .as("%s group %d", recipe.name(), group)
            .isEqualTo(scale);
        for (int r = top; r < Math.min(top + height, tensor.rows()); r++) {
          for (int c = left; c < Math.min(left + width, tensor.columns()); c++) {
            float value = x[r * tensor.columns() + c];
            int expected = recipe.element().encode(value / scale);
            assertThat(tensor.code(r, c)).isEqualTo(expected);
            assertThat(tensor.scale(r, c)).isEqualTo(scale);
            assertThat(tensor.value(r, c))
                .isEqualTo((float) recipe.element().decode(expected) * scale);
          }
        }
      }
    }
    assertThat(tensor.scales()).hasSize(tensor.scaleRows() * tensor.scaleColumns());
  }

  @Test
  void aGroupOfZerosHasScaleOne() {
    for (QuantizationRecipe recipe : onlineRecipes()) {
      Fp8Tensor tensor = QuantizerReference.quantize("x", new float[300], 2, 150, recipe);
      assertThat(tensor.scales()).containsOnly(1f);
      assertThat(tensor.tensorScale()).isEqualTo(1f);
      assertThat(tensor.codes()).containsOnly((byte) 0);
    }
  }

  @Test
  void aGroupWhoseScaleUnderflowsHasScaleOneAndZeroCodes() {
    float[] x = {Float.MIN_VALUE, -Float.MIN_VALUE};
    Fp8Tensor tensor = QuantizerReference.quantize("x", x, 1, 2, QuantizationRecipes.TILE_1X128);
    assertThat(tensor.scales()).containsExactly(1f);
    assertThat(tensor.codes()).containsExactly(0, 0x80);
  }

  @Test
  void aBlockFarBelowTheTensorsAmaxKeepsAScaleInNvfp4() {
    float[] x = new float[32];
    x[0] = 1e6f;
    x[16] = 1e-3f;
    Fp8Tensor tensor = QuantizerReference.quantize("x", x, 1, 32, QuantizationRecipes.NVFP4);
    assertThat(tensor.tensorScale()).isEqualTo(1e6f / 2688f);
    assertThat(tensor.scales()).containsExactly(448f, 1f);
    assertThat(tensor.value(0, 0))
        .isCloseTo(1e6f, org.assertj.core.data.Percentage.withPercentage(0.01));
    assertThat(tensor.code(0, 16)).isZero();
  }

  @Test
  void nanStaysNanAndDoesNotTouchTheScale() {
    float negativeNan = Float.intBitsToFloat(0xffc0_0000);
    float[] x = {Float.NaN, 2f, negativeNan};
    Fp8Tensor tensor = QuantizerReference.quantize("x", x, 1, 3, QuantizationRecipes.TILE_1X128);
    assertThat(tensor.scales()).containsExactly(2f / 448f);
    assertThat(tensor.codes()).containsExactly(0x7f, 0x7e, 0xff);
    assertThat(tensor.value(0, 0)).isNaN();
    assertThatThrownBy(
            () -> QuantizerReference.quantize("w", x, 1, 3, QuantizationRecipes.INT8_ROW))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("w [0, 0] (element 0): expected a number, found NaN");
    assertThatThrownBy(() -> QuantizerReference.requireNumbers("w", x, 3))
        .hasMessageContaining("w [0, 0]");
    QuantizerReference.requireNumbers("w", new float[] {1, Float.POSITIVE_INFINITY}, 2);
  }

  @Test
  void anInfinityIsAnErrorThatNamesTensorAndIndex() {
    float[] x = new float[6];
    x[5] = Float.NEGATIVE_INFINITY;
    for (QuantizationRecipe recipe : onlineRecipes()) {
      assertThatThrownBy(() -> QuantizerReference.quantize("layer.w", x, 2, 3, recipe))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith(
              "layer.w [1, 2] (element 5): expected a finite value, found -Infinity");
    }
  }

  @Test
  void refusesAShapeThatDoesNotFit() {
    assertThatThrownBy(
            () ->
                QuantizerReference.quantize(
                    "x", new float[5], 2, 3, QuantizationRecipes.TILE_1X128))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("2 x 3");
    assertThatThrownBy(
            () ->
                QuantizerReference.quantize(
                    "x", new float[6], 2, 3, QuantizationRecipes.TENSOR_DELAYED))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () -> new Fp8Tensor(new byte[5], new float[2], 1, 2, 3, QuantizationRecipes.TILE_1X128))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("codes");
    assertThatThrownBy(
            () -> new Fp8Tensor(new byte[6], new float[3], 1, 2, 3, QuantizationRecipes.TILE_1X128))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("scales");
  }

  @Test
  void dividesAndDoesNotMultiplyWithAReciprocal() {
    // A value and a scale whose quotient by reciprocal lands on the other side of a tie.
    SplittableRandom random = new SplittableRandom(1);
    int different = 0;
    for (int i = 0; i < 60_000; i++) {
      float amax = 1 + random.nextInt(1 << 20) * 0x1p-20f;
      float scale = amax / 448f;
      float value = scale * (17 + 2 * random.nextInt(8));
      byte byDivision = E4M3.encode(value / scale);
      if (byDivision != E4M3.encode(value * (1 / scale))) {
        different++;
        float[] x = {amax, value};
        Fp8Tensor tensor =
            QuantizerReference.quantize("x", x, 1, 2, QuantizationRecipes.TILE_1X128);
        assertThat(tensor.codes()[1]).isEqualTo(byDivision);
      }
    }
    assertThat(different).isGreaterThan(30);
  }

  @Test
  void powersOfTwoRoundUp() {
    assertThat(ScaleRule.nextPowerOfTwo(1f)).isEqualTo(1f);
    assertThat(ScaleRule.nextPowerOfTwo(Math.nextUp(1f))).isEqualTo(2f);
    assertThat(ScaleRule.nextPowerOfTwo(3f)).isEqualTo(4f);
    assertThat(ScaleRule.nextPowerOfTwo(0f)).isEqualTo(0f);
    assertThat(ScaleRule.nextPowerOfTwo(Float.MIN_VALUE)).isEqualTo(Float.MIN_VALUE);
    assertThat(ScaleRule.nextPowerOfTwo(5 * Float.MIN_VALUE)).isEqualTo(8 * Float.MIN_VALUE);
    assertThat(ScaleRule.nextPowerOfTwo(Math.nextDown(Float.MIN_NORMAL)))
        .isEqualTo(Float.MIN_NORMAL);
    assertThat(ScaleRule.nextPowerOfTwo(Float.MIN_NORMAL)).isEqualTo(Float.MIN_NORMAL);
    assertThat(ScaleRule.nextPowerOfTwo(Math.nextUp(Float.MIN_NORMAL)))
        .isEqualTo(2 * Float.MIN_NORMAL);
    assertThat(ScaleRule.POWER_OF_TWO.scale(448f, Formats.E4M3)).isEqualTo(1f);
    assertThat(ScaleRule.POWER_OF_TWO.scale(449f, Formats.E4M3)).isEqualTo(2f);
    assertThat(ScaleRule.OCP_FLOOR.scale(500f, Formats.E4M3)).isEqualTo(1f);
    assertThat(ScaleRule.OCP_FLOOR.scale(512f, Formats.E4M3)).isEqualTo(2f);
    assertThat(ScaleRule.OCP_FLOOR.scale(7 * Float.MIN_VALUE, Formats.E4M3)).isEqualTo(1f);
    assertThat(ScaleRule.AMAX.scale(127f, Formats.INT8)).isEqualTo(1f);
    assertThat(ScaleRule.AMAX.scale(0f, Formats.E4M3)).isEqualTo(1f);
  }

  @Test
  void powerOfTwoScalesNeverSaturate() {
    float[] x = hugeRange(10_000, 5);
    Fp8Tensor tensor =
        QuantizerReference.quantize("x", x, 100, 100, QuantizationRecipes.BLOCK_128X128_POW2);
    float amax = QuantizerReference.amax(x);
    assertThat(amax / tensor.scales()[0]).isBetween(224f, 448f);
  }

  @Test
  void stochasticRoundingIsUnbiasedAndSeeded() {
    QuantizationRecipe recipe = QuantizationRecipes.TILE_1X128.withRounding(Rounding.STOCHASTIC);
    int n = 40_000;
    float[] x = new float[n];
    Arrays.fill(x, 1.03f);
    for (int i = 0; i < n; i += 128) {
      x[i] = 448f;
    }
    Fp8Tensor tensor = QuantizerReference.quantize("x", x, 1, n, recipe, 42);
    double sum = 0;
    int count = 0;
    for (int i = 0; i < n; i++) {
      if (i % 128 != 0) {
        sum += tensor.value(0, i);
        count++;
      }
    }
    // One code is worth 0.125; a share 0.24 goes up, so the mean's standard deviation is 2.7e-4.
    assertThat(sum / count).isBetween(1.03 - 1.2e-3, 1.03 + 1.2e-3);
    assertThat(QuantizerReference.quantize("x", x, 1, n, recipe, 42).codes())
        .isEqualTo(tensor.codes());
    assertThat(QuantizerReference.quantize("x", x, 1, n, recipe, 43).codes())
        .isNotEqualTo(tensor.codes());
    assertThat(tensor.codes()).contains((byte) 0x38, (byte) 0x39);
  }

  @Test
  void randomBitsAreThoseOfSplitMix64() {
    // First outputs of java.util.SplittableRandom-like SplitMix64 under seed 0, upper halves.
    SplittableRandom same = new SplittableRandom(1234567);
    for (int i = 0; i < 5; i++) {
      assertThat(RandomBits.at(1234567, i)).isEqualTo(same.nextLong() >>> 32);
    }
  }

  @Test
  void delayedScalingUsesThePastOnly() {
    Scaling.Delayed scaling = new Scaling.Delayed(2, 1);
    QuantizationRecipe recipe =
        new QuantizationRecipe(
            "d",
            Formats.E4M3,
            Granularity.TENSOR,
            ScaleRule.AMAX,
            Formats.FP32,
            false,
            scaling,
            Rounding.NEAREST_EVEN);
    AmaxHistory history = new AmaxHistory(scaling);
    float[] calm = {1f, 0.5f};
    float[] spike = {1000f, 0.5f};
    assertThat(quantize(calm, recipe, history).scales()).containsExactly(1f);
    assertThat(quantize(spike, recipe, history).scales()).containsExactly(2f / 448f);
    assertThat(quantize(calm, recipe, history).scales()).containsExactly(2000f / 448f);
    assertThat(quantize(calm, recipe, history).scales()).containsExactly(2000f / 448f);
    Fp8Tensor after = quantize(spike, recipe, history);
    assertThat(after.scales()).containsExactly(2f / 448f);
    // The spike saturates under a stale scale: 1000 comes back as 2.
    assertThat(after.value(0, 0)).isEqualTo(2f);
    assertThat(
            QuantizerReference.quantize("x", spike, 1, 2, QuantizationRecipes.TENSOR).value(0, 0))
        .isEqualTo(1000f);
  }

  @Test
  void delayedScalingRefusesInfinitiesToo() {
    QuantizationRecipe recipe = QuantizationRecipes.TENSOR_DELAYED;
    AmaxHistory history = new AmaxHistory((Scaling.Delayed) recipe.scaling());
    float[] x = {1f, Float.POSITIVE_INFINITY};
    assertThatThrownBy(() -> quantize(x, recipe, history))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("x [0, 1]");
  }

  private static Fp8Tensor quantize(float[] x, QuantizationRecipe recipe, AmaxHistory history) {
    return QuantizerReference.quantize("x", x, 1, x.length, recipe, history, 0);
  }

  @Test
  void e5m6KeepsTwelveBitsInTwoBytes() {
    float[] x = {1f, 1.0078125f, -1.5f, 65024f};
    Fp8Tensor tensor = QuantizerReference.quantize("x", x, 1, 4, QuantizationRecipes.E5M6_CACHE);
    assertThat(tensor.codes()).hasSize(8);
    assertThat(tensor.scales()).containsExactly(1f);
    assertThat(tensor.code(0, 0)).isEqualTo(0x3c0);
    assertThat(tensor.code(0, 1)).isEqualTo(0x3c0);
    assertThat(tensor.code(0, 2)).isEqualTo(0xbe0);
    assertThat(tensor.code(0, 3)).isEqualTo(0x7bf);
    assertThat(tensor.value(0, 2)).isEqualTo(-1.5f);
  }

  @Test
  void quantizingTwiceChangesNothingWithPowersOfTwo() {
    float[] x = hugeRange(128 * 128, 9);
    QuantizationRecipe recipe = QuantizationRecipes.BLOCK_128X128_POW2;
    float[] once =
        DequantizerReference.dequantize(QuantizerReference.quantize("x", x, 128, 128, recipe));
    float[] twice =
        DequantizerReference.dequantize(QuantizerReference.quantize("x", once, 128, 128, recipe));
    assertThat(twice).isEqualTo(once);
  }

  /** Normal values under scales over many binades, zeros and subnormals among them. */
  static float[] hugeRange(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      double magnitude = random.nextGaussian() * Math.scalb(1.0, random.nextInt(-140, 100) / 4);
      x[i] =
          switch (random.nextInt(16)) {
            case 0 -> 0f;
            case 1 -> -0f;
            case 2 -> Float.intBitsToFloat(random.nextInt(0x80_0000));
            default -> (float) magnitude;
          };
    }
    return x;
  }
}
