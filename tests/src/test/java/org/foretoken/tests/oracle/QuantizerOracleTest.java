package org.foretoken.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.foretoken.fp8.DequantizerReference;
import org.foretoken.fp8.Fp8Tensor;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.QuantizerReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The reference quantizer in 1x128 tiles against the same definition written with LibTorch. */
@DisabledOnOs(
    value = OS.LINUX,
    architectures = "aarch64",
    disabledReason = "LibTorch's Java binding has no build for Linux on ARM")
class QuantizerOracleTest {
  private static final int ROWS = 512;
  private static final int COLUMNS = 1024;
  private static final int TILE = 128;

  @Test
  void tilesAreScaledAndRoundedAsWithLibTorch() {
    SplittableRandom random = new SplittableRandom(21);
    float[] values = new float[ROWS * COLUMNS];
    for (int i = 0; i < values.length; i++) {
      double spread = Math.pow(2, (i / TILE) % 60 - 30);
      values[i] = (float) (random.nextGaussian() * Math.exp(2 * random.nextGaussian()) * spread);
    }
    Fp8Tensor tensor =
        QuantizerReference.quantize("x", values, ROWS, COLUMNS, QuantizationRecipes.TILE_1X128);
    byte[] codes = new byte[values.length];
    float[] scales = new float[values.length / TILE];
    float[] roundTrip = new float[values.length];
    try (PointerScope scope = new PointerScope()) {
      Tensor x = torch.from_blob(new FloatPointer(values), new long[] {scales.length, TILE});
      Tensor scale = x.abs().amax(new long[] {1}, true).div(new Scalar(448f));
      // LibTorch's cast gives NaN where a quotient is above 464, so the clamp is the saturation.
      Tensor quotient = x.div(scale).clamp(scalar(-448f), scalar(448f));
      Tensor code = quotient.to(ScalarType.Float8_e4m3fn);
      new FloatPointer(scale.data_ptr()).get(scales);
      new BytePointer(code.data_ptr()).get(codes);
      new FloatPointer(code.to(ScalarType.Float).mul(scale).data_ptr()).get(roundTrip);
    }
    assertThat(tensor.scales()).isEqualTo(scales);
    assertThat(tensor.codes()).isEqualTo(codes);
    assertThat(DequantizerReference.dequantize(tensor)).isEqualTo(roundTrip);
  }

  private static org.bytedeco.pytorch.ScalarOptional scalar(float value) {
    return new org.bytedeco.pytorch.ScalarOptional(new Scalar(value));
  }
}
