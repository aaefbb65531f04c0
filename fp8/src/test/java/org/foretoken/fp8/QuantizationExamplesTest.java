package org.foretoken.fp8;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class QuantizationExamplesTest {
  private final List<QuantizationExample> examples = QuantizationExamples.all();

  private QuantizationExample example(String title) {
    return examples.stream().filter(e -> e.title().equals(title)).findFirst().orElseThrow();
  }

  @Test
  void showsSymmetricScaling() {
    QuantizationExample symmetric = example("Symmetric INT8, one scale");
    assertThat(symmetric.steps())
        .containsExactly(
            new Step("amax", "largest magnitude", "2.4"),
            new Step("scale", "2.4 / 127", Float.toString(2.4f / 127)));
    QuantizationExample.Value first = symmetric.values().get(0);
    assertThat(first.value()).isEqualTo(-1.8f);
    assertThat(first.quotient()).isEqualTo(-1.8f / (2.4f / 127));
    assertThat(first.code()).isEqualTo(256 - 95);
    assertThat(first.bits()).isEqualTo("1 0100001");
    assertThat(first.roundTrip()).isEqualTo(-95 * (2.4f / 127));
    assertThat(first.error()).isEqualTo(-95 * (2.4f / 127) + 1.8f);
    assertThat(symmetric.values()).hasSize(8);
    assertThat(symmetric.rows()).isEqualTo(1);
    assertThat(symmetric.columns()).isEqualTo(8);
  }

  @Test
  void showsAffineScaling() {
    QuantizationExample affine = example("Affine INT8, scale and zero point");
    float scale = (float) (((double) 2.4f + 1.8f) / 255);
    assertThat(affine.steps())
        .extracting(Step::result)
        .containsExactly("-1.8 to 2.4", Float.toString(scale), "-19");
    assertThat(affine.steps().get(1).how()).isEqualTo("(2.4 - -1.8) / 255");
    assertThat(affine.values().get(0).code()).isEqualTo(0x80);
    assertThat(affine.values().get(2).code()).isEqualTo(256 - 19);
    assertThat(affine.values().get(2).roundTrip()).isZero();
    assertThat(affine.values().get(7).code()).isEqualTo(127);
    assertThat(affine.values().get(7).quotient()).isEqualTo(2.4f / scale);
    assertThat(affine.values().get(7).roundTrip()).isEqualTo(146 * scale);
  }

  @Test
  void showsAmaxAndPowersOfTwo() {
    QuantizationExample amax = example("amax scaling to E4M3");
    assertThat(amax.steps()).hasSize(2);
    assertThat(amax.values().get(4).code()).isEqualTo(0x66);
    QuantizationExample pow2 = example("amax scaling to E4M3, scale rounded up to a power of two");
    assertThat(pow2.steps().get(2)).isEqualTo(new Step("scale", "as a power of two", "0.0078125"));
    assertThat(pow2.values().get(3).roundTrip()).isEqualTo(0.25f);
  }

  @Test
  void finerGroupsKeepTheValuesBesideAnOutlier() {
    double[] errors = new double[4];
    String[] groups = {"tensor", "row", "2x4 block", "1x4 tile"};
    for (int i = 0; i < groups.length; i++) {
      errors[i] = example("An outlier under one scale a " + groups[i]).meanRelativeError();
    }
    assertThat(errors[0]).isGreaterThan(2 * errors[1]);
    assertThat(errors[1]).isGreaterThan(errors[3]);
    assertThat(errors[2]).isGreaterThan(errors[3]);
    assertThat(example("An outlier under one scale a tensor").underflowShare()).isGreaterThan(0.1);
    QuantizationExample tile = example("An outlier under one scale a 1x4 tile");
    assertThat(tile.steps()).hasSize(16);
    assertThat(tile.steps().get(6).what()).isEqualTo("amax of group 3");
    assertThat(tile.steps().get(6).result()).isEqualTo("9000.0");
    assertThat(tile.values()).hasSize(32);
  }

  @Test
  void describesScalesKeptInAnotherFormatAndGroupsOfZeros() {
    float[] row = new float[32];
    row[0] = 5f;
    QuantizationExample nvfp4 =
        QuantizationExamples.quantize("nvfp4", row, 1, 32, QuantizationRecipes.NVFP4);
    assertThat(nvfp4.steps())
        .extracting(Step::how)
        .contains("5.0 / 6", "a group of zeros", "kept in E4M3");
  }

  @Test
  void affineQuantizersCoverTheRange() {
    assertThat(AffineQuantizer.fit(new float[3])).isEqualTo(new AffineQuantizer(1f, 0));
    AffineQuantizer positive = AffineQuantizer.fit(new float[] {2f, 4f});
    assertThat(positive.zeroPoint()).isEqualTo(-128);
    assertThat(positive.encode(0f)).isEqualTo((byte) -128);
    assertThat(positive.encode(4f)).isEqualTo((byte) 127);
    assertThat(positive.encode(100f)).isEqualTo((byte) 127);
    assertThat(positive.encode(-100f)).isEqualTo((byte) -128);
    AffineQuantizer negative = AffineQuantizer.fit(new float[] {-5f, -1f});
    assertThat(negative.zeroPoint()).isEqualTo(127);
    assertThat(negative.decode(negative.encode(-5f))).isCloseTo(-5f, Offset.offset(1e-6f));
    // Ties of x / scale go to the even integer before the zero point is added.
    AffineQuantizer unit = new AffineQuantizer(1f, 1);
    assertThat(unit.encode(2.5f)).isEqualTo((byte) 3);
    assertThat(unit.encode(3.5f)).isEqualTo((byte) 5);
    assertThat(unit.decode((byte) 5)).isEqualTo(4f);
  }

  @Test
  void gathersErrorStatistics() {
    ErrorStatistics all = new ErrorStatistics();
    all.add(1f, 1.5f, 1f, Formats.E4M3);
    all.add(-4f, -4f, 1f, Formats.E4M3);
    all.add(Float.NaN, Float.NaN, 1f, Formats.E4M3);
    ErrorStatistics more = new ErrorStatistics();
    more.add(1e-3f, 0f, 1f, Formats.E4M3);
    more.add(0f, 0f, 1f, Formats.E4M3);
    more.add(464.5f, 448f, 1f, Formats.E4M3);
    more.add(464f, 448f, 1f, Formats.E4M3);
    all.merge(more);
    assertThat(all.count()).isEqualTo(6);
    assertThat(all.largestError()).isEqualTo(16.5);
    assertThat(all.saturationShare()).isEqualTo(1.0 / 6);
    assertThat(all.underflowShare()).isEqualTo(1.0 / 6);
    double tiny = (double) 1e-3f;
    double errors = 0.25 + tiny * tiny + 16.5 * 16.5 + 16 * 16;
    double squares = 1 + 16 + tiny * tiny + 464.5 * 464.5 + 464 * 464;
    assertThat(all.sqnrDecibels())
        .isCloseTo(10 * Math.log10(squares / errors), Offset.offset(1e-9));
    assertThat(all.rootMeanSquareError()).isCloseTo(Math.sqrt(errors / 6), Offset.offset(1e-12));
    assertThat(all.meanRelativeError())
        .isCloseTo((0.5 + 0 + 1 + 16.5 / 464.5 + 16.0 / 464) / 5, Offset.offset(1e-12));
    double products = 1.5 + 16 + 464.5 * 448 + 464 * 448;
    double back = 2.25 + 16 + 448 * 448 * 2;
    assertThat(all.difference())
        .isCloseTo(1 - 2 * products / (squares + back), Offset.offset(1e-12));
    ErrorStatistics larger = new ErrorStatistics();
    larger.merge(all);
    assertThat(larger.largestError()).isEqualTo(16.5);
  }

  @Test
  void saturationIsMeasuredInUnitsOfTheScale() {
    ErrorStatistics statistics = new ErrorStatistics();
    statistics.add(928f, 896f, 2f, Formats.E4M3);
    statistics.add(928f, 896f, 2f, Formats.E4M3);
    statistics.add(929f, 896f, 2f, Formats.E4M3);
    statistics.add(300f, 224f, 0.5f, Formats.E4M3);
    statistics.add(200f, 200f, 0.5f, Formats.E4M3);
    assertThat(statistics.saturationShare()).isEqualTo(0.4);
  }

  @Test
  void emptyAndExactStatisticsAreDefined() {
    ErrorStatistics none = new ErrorStatistics();
    assertThat(none.sqnrDecibels()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(none.difference()).isZero();
    assertThat(none.rootMeanSquareError()).isZero();
    assertThat(none.meanRelativeError()).isZero();
    assertThat(none.saturationShare()).isZero();
    assertThat(none.underflowShare()).isZero();
  }

  @Test
  void e4m3TilesReachTheirSignalToNoiseRatio() {
    java.util.SplittableRandom random = new java.util.SplittableRandom(2);
    float[] x = new float[64 * 256];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    Fp8Tensor tensor = QuantizerReference.quantize("x", x, 64, 256, QuantizationRecipes.TILE_1X128);
    assertThat(ErrorStatistics.of(x, tensor).sqnrDecibels()).isBetween(31.0, 32.5);
  }

  @Test
  void theToleranceTableIsComplete() throws ReflectiveOperationException {
    for (Tolerances.Row row : Tolerances.TABLE) {
      assertThat(Tolerances.class.getField(row.name()).getDouble(null)).isEqualTo(row.value());
    }
    long constants =
        java.util.Arrays.stream(Tolerances.class.getFields())
            .filter(field -> field.getType() == double.class)
            .count();
    assertThat(Tolerances.TABLE).hasSize((int) constants);
  }
}
