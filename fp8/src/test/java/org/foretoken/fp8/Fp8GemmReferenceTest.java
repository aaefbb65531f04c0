package org.foretoken.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class Fp8GemmReferenceTest {
  private static final int M = 3;
  private static final int N = 130;
  private static final int K = 257;

  private final Fp8Tensor x = random(M, K, QuantizationRecipes.TILE_1X128, 1);
  private final Fp8Tensor w = random(N, K, QuantizationRecipes.BLOCK_128X128, 2);
  private final Fp8Tensor dy = random(M, N, QuantizationRecipes.TILE_1X128, 3);
  private final Fp8Tensor dyColumns = random(M, N, QuantizationRecipes.TILE_128X1, 4);
  private final Fp8Tensor xColumns = random(M, K, QuantizationRecipes.TILE_128X1, 5);

  private static Fp8Tensor random(int rows, int columns, QuantizationRecipe recipe, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
    }
    return QuantizerReference.quantize("t", values, rows, columns, recipe);
  }

  @Test
  void multipliesInAllThreeLayouts() {
    Fp8GemmReference fprop = new Fp8GemmReference(GemmLayout.NT, x, w);
    assertThat(fprop.rows()).isEqualTo(M);
    assertThat(fprop.columns()).isEqualTo(N);
    check(fprop, 2, 129, (k) -> product(x, 2, k, w, 129, k), K);
    assertThat(fprop.tensorCore(TensorCoreAccumulator.HOPPER_PROMOTED))
        .isNotEqualTo(fprop.promoted(128));
    Fp8GemmReference dgrad = new Fp8GemmReference(GemmLayout.NN, dy, w);
    assertThat(dgrad.rows()).isEqualTo(M);
    assertThat(dgrad.columns()).isEqualTo(K);
    check(dgrad, 1, 256, (k) -> product(dy, 1, k, w, k, 256), N);
    Fp8GemmReference wgrad = new Fp8GemmReference(GemmLayout.TN, dyColumns, xColumns);
    assertThat(wgrad.rows()).isEqualTo(N);
    assertThat(wgrad.columns()).isEqualTo(K);
    check(wgrad, 128, 200, (k) -> product(dyColumns, k, 128, xColumns, k, 200), M);
  }

  private interface Product {
    BigDecimal at(int k);
  }

  private static BigDecimal product(Fp8Tensor a, int ar, int ac, Fp8Tensor b, int br, int bc) {
    return new BigDecimal(a.decoded(ar, ac))
        .multiply(new BigDecimal(b.decoded(br, bc)))
        .multiply(new BigDecimal(a.scale(ar, ac)))
        .multiply(new BigDecimal(b.scale(br, bc)));
  }

  private static void check(Fp8GemmReference gemm, int i, int j, Product product, int inner) {
    BigDecimal expected = BigDecimal.ZERO;
    double magnitude = 0;
    for (int k = 0; k < inner; k++) {
      expected = expected.add(product.at(k));
      magnitude += Math.abs(product.at(k).doubleValue());
    }
    int index = i * gemm.columns() + j;
    double exact = expected.doubleValue();
    assertThat(gemm.exact()[index]).isCloseTo(exact, Offset.offset(magnitude * 1e-14));
    assertThat((double) gemm.promoted(128)[index])
        .isCloseTo(exact, Offset.offset(magnitude * 1e-6));
    assertThat((double) gemm.tensorCore(TensorCoreAccumulator.HOPPER_PROMOTED)[index])
        .isCloseTo(exact, Offset.offset(magnitude * 1e-3));
  }

  @Test
  void promotesWhereAScaleChangesAndEachInterval() {
    float[] values = new float[256];
    java.util.Arrays.fill(values, 1f);
    values[0] = 0x1p9f;
    Fp8Tensor a = QuantizerReference.quantize("a", values, 1, 256, QuantizationRecipes.TILE_1X128);
    Fp8Tensor b = QuantizerReference.quantize("b", values, 1, 256, QuantizationRecipes.TENSOR);
    assertThat(a.scales()).containsExactly(512 / 448f, 1 / 448f);
    Fp8GemmReference gemm = new Fp8GemmReference(GemmLayout.NT, a, b);
    float expected = 0;
    for (int from = 0; from < 256; from += 64) {
      float sum = 0;
      for (int k = from; k < from + 64; k++) {
        sum += a.decoded(0, k) * b.decoded(0, k);
      }
      expected += sum * (a.scale(0, from) * b.scale(0, from));
    }
    assertThat(gemm.promoted(64)).containsExactly(expected);
    float twoChunks = 0;
    for (int from = 0; from < 256; from += 128) {
      float sum = 0;
      for (int k = from; k < from + 128; k++) {
        sum += a.decoded(0, k) * b.decoded(0, k);
      }
      twoChunks += sum * (a.scale(0, from) * b.scale(0, from));
    }
    assertThat(gemm.promoted(128)).containsExactly(twoChunks);
    assertThat(gemm.promoted(1000)).containsExactly(twoChunks);
    assertThat(new Fp8GemmReference(GemmLayout.NT, b, a).promoted(1000)).containsExactly(twoChunks);
  }

  @Test
  void intervalsCountFromTheBeginningNotFromAChangeOfScale() {
    float[] values = new float[96];
    SplittableRandom random = new SplittableRandom(6);
    for (int k = 0; k < values.length; k++) {
      values[k] = (float) Math.exp(4 * random.nextGaussian());
    }
    QuantizationRecipe tiles =
        QuantizationRecipes.TILE_1X128.withGranularity(new Granularity(1, 48));
    Fp8Tensor a = QuantizerReference.quantize("a", values, 1, 96, tiles);
    Fp8GemmReference gemm = new Fp8GemmReference(GemmLayout.NT, a, a);
    float expected = 0;
    int[] ends = {0, 32, 48, 64, 96};
    for (int chunk = 0; chunk < 4; chunk++) {
      float sum = 0;
      for (int k = ends[chunk]; k < ends[chunk + 1]; k++) {
        sum += a.decoded(0, k) * a.decoded(0, k);
      }
      expected += sum * (a.scale(0, ends[chunk]) * a.scale(0, ends[chunk]));
    }
    assertThat(gemm.promoted(32)).containsExactly(expected);
  }

  @Test
  void theTensorCoreModelIsPromotedWhereScalesChange() {
    Fp8GemmReference gemm = new Fp8GemmReference(GemmLayout.NT, x, w);
    assertThat(gemm.tensorCore(TensorCoreAccumulator.HOPPER))
        .isEqualTo(gemm.tensorCore(TensorCoreAccumulator.HOPPER_PROMOTED));
    Fp8Tensor a = random(1, 4096, QuantizationRecipes.TENSOR, 8);
    Fp8GemmReference tensorwise = new Fp8GemmReference(GemmLayout.NT, a, a);
    double exact = tensorwise.exact()[0];
    double plain = tensorwise.tensorCore(TensorCoreAccumulator.HOPPER)[0];
    double promoted = tensorwise.tensorCore(TensorCoreAccumulator.HOPPER_PROMOTED)[0];
    assertThat((exact - plain) / exact).isBetween(0.01, 0.1);
    assertThat((exact - promoted) / exact).isBetween(0.0, 0.002);
  }

  /** The numerics contract for DeepSeek's recipe, on normal values, against the exact product. */
  @Test
  void holdsTheContractInAllThreeLayouts() {
    float[] activations = normal(32 * 256, 1);
    float[] weights = normal(64 * 256, 2);
    float[] gradients = normal(32 * 64, 3);
    TrainingRecipe recipe = TrainingRecipe.DEEPSEEK;
    contract(
        GemmLayout.NT,
        QuantizerReference.quantize("x", activations, 32, 256, recipe.fpropActivation()),
        QuantizerReference.quantize("w", weights, 64, 256, recipe.fpropWeight()),
        (i, j, k) -> (double) activations[i * 256 + k] * weights[j * 256 + k]);
    contract(
        GemmLayout.NN,
        QuantizerReference.quantize("dy", gradients, 32, 64, recipe.dgradGradient()),
        QuantizerReference.quantize("w", weights, 64, 256, recipe.dgradWeight()),
        (i, j, k) -> (double) gradients[i * 64 + k] * weights[k * 256 + j]);
    contract(
        GemmLayout.TN,
        QuantizerReference.quantize("dy", gradients, 32, 64, recipe.wgradGradient()),
        QuantizerReference.quantize("x", activations, 32, 256, recipe.wgradActivation()),
        (i, j, k) -> (double) gradients[k * 64 + i] * activations[k * 256 + j]);
  }

  private interface HighPrecision {
    double product(int i, int j, int k);
  }

  private static void contract(
      GemmLayout layout, Fp8Tensor a, Fp8Tensor b, HighPrecision highPrecision) {
    Fp8GemmReference gemm = new Fp8GemmReference(layout, a, b);
    float[] promoted = gemm.promoted(128);
    double[] exact = gemm.exact();
    ErrorStatistics toSource = new ErrorStatistics();
    ErrorStatistics toExact = new ErrorStatistics();
    for (int i = 0; i < gemm.rows(); i++) {
      for (int j = 0; j < gemm.columns(); j++) {
        double sum = 0;
        for (int k = 0; k < layout.inner(a, b); k++) {
          sum += highPrecision.product(i, j, k);
        }
        int index = i * gemm.columns() + j;
        toSource.add((float) sum, promoted[index], 1f, Formats.FP32);
        toExact.add((float) exact[index], promoted[index], 1f, Formats.FP32);
      }
    }
    assertThat(toSource.difference()).isLessThan(Tolerances.GEMM_DIFFERENCE);
    assertThat(toSource.sqnrDecibels()).isGreaterThan(Tolerances.GEMM_SQNR_DECIBELS);
    assertThat(toExact.difference()).isLessThan(Tolerances.GEMM_TO_EXACT);
  }

  private static float[] normal(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = Bf16.round((float) random.nextGaussian());
    }
    return values;
  }

  @Test
  void refusesOperandsThatDoNotFit() {
    assertThatThrownBy(() -> new Fp8GemmReference(GemmLayout.NT, x, dy))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("NT: expected operands with one inner extent, found 257 and 130");
    assertThatThrownBy(() -> new Fp8GemmReference(GemmLayout.NN, x, w))
        .hasMessageContaining("257 and 130");
    assertThatThrownBy(() -> new Fp8GemmReference(GemmLayout.TN, x, w))
        .hasMessageContaining("3 and 130");
  }
}
