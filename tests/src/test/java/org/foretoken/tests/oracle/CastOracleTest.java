package org.foretoken.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.E5M2;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Overflow;
import org.foretoken.fp8.Rounding;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The codecs against LibTorch 2.10's casts: all codes, all BF16 values, and 10 * 2^20 random floats
 * over all exponents, ties and their neighbours, and subnormals. LibTorch does not saturate: its
 * E4M3 is NaN beyond 464, so the saturating codecs are compared on values clamped to the format's
 * range.
 */
@DisabledOnOs(
    value = OS.LINUX,
    architectures = "aarch64",
    disabledReason = "LibTorch's Java binding has no build for Linux on ARM")
class CastOracleTest {
  private static final int BATCH = 1 << 20;

  @Test
  void decodesEveryByteAsLibTorchDoes() {
    byte[] codes = new byte[256];
    for (int code = 0; code < 256; code++) {
      codes[code] = (byte) code;
    }
    float[] e4m3 = TorchCasts.decode(codes, ScalarType.Float8_e4m3fn);
    float[] e5m2 = TorchCasts.decode(codes, ScalarType.Float8_e5m2);
    float[] e8m0 = TorchCasts.decode(codes, ScalarType.Float8_e8m0fnu);
    for (int code = 0; code < 256; code++) {
      assertThat((Float) E4M3.decode((byte) code)).isEqualTo((Float) e4m3[code]);
      assertThat((Float) (float) Formats.E4M3.decode(code)).isEqualTo((Float) e4m3[code]);
      assertThat((Float) E5M2.decode((byte) code)).isEqualTo((Float) e5m2[code]);
      assertThat((Float) (float) Formats.E5M2.decode(code)).isEqualTo((Float) e5m2[code]);
      assertThat((Float) (float) Formats.E8M0.decode(code)).isEqualTo((Float) e8m0[code]);
    }
  }

  @Test
  void encodesEveryBf16ValueAsLibTorchDoes() {
    float[] values = new float[1 << 16];
    for (int code = 0; code < values.length; code++) {
      values[code] = Bf16.decode((short) code);
    }
    compare(values);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void encodesRandomFloatsAsLibTorchDoes(long seed) {
    compare(hardFloats(BATCH, seed));
  }

  private static void compare(float[] values) {
    byte[] e4m3 = TorchCasts.encode(values, ScalarType.Float8_e4m3fn);
    byte[] e5m2 = TorchCasts.encode(values, ScalarType.Float8_e5m2);
    byte[] e4m3Clamped = TorchCasts.encode(clamp(values, E4M3.MAX), ScalarType.Float8_e4m3fn);
    byte[] e5m2Clamped = TorchCasts.encode(clamp(values, E5M2.MAX), ScalarType.Float8_e5m2);
    short[] bf16 = TorchCasts.encodeShorts(values, ScalarType.BFloat16);
    short[] fp16 = TorchCasts.encodeShorts(values, ScalarType.Half);
    for (int i = 0; i < values.length; i++) {
      float value = values[i];
      if (Float.isNaN(value)) {
        // Which NaN comes out is LibTorch's own choice, and differs between its code paths.
        check(E4M3.encode(value) & 0x7f, 0x7f, value, "E4M3 of NaN");
        check(E4M3.encodeIeee(value) & 0x7f, 0x7f, value, "E4M3 of NaN");
        check(e4m3[i] & 0x7f, 0x7f, value, "LibTorch's E4M3 of NaN");
        check(E5M2.encode(value) & 0x7f, 0x7e, value, "E5M2 of NaN");
        check(E5M2.encodeIeee(value) & 0x7f, 0x7e, value, "E5M2 of NaN");
        check(Float.isNaN(Bf16.round(value)) ? 1 : 0, 1, value, "BF16 of NaN");
        continue;
      }
      check(E4M3.encodeIeee(value), e4m3[i], value, "E4M3, IEEE overflow");
      check(E4M3.encode(value), e4m3Clamped[i], value, "E4M3, saturating");
      check(E5M2.encodeIeee(value), e5m2[i], value, "E5M2, IEEE overflow");
      check(E5M2.encode(value), e5m2Clamped[i], value, "E5M2, saturating");
      check(Bf16.encode(value), bf16[i], value, "BF16");
      check((byte) ieee(Formats.E4M3, value), e4m3[i], value, "the family's E4M3");
      check((byte) ieee(Formats.E5M2, value), e5m2[i], value, "the family's E5M2");
      check((short) ieee(Formats.BF16, value), bf16[i], value, "the family's BF16");
      check((short) ieee(Formats.FP16, value), fp16[i], value, "the family's FP16");
      check((byte) Formats.E4M3.encode(value), e4m3Clamped[i], value, "the family's E4M3");
    }
  }

  private static int ieee(Format format, float value) {
    return format.encode(value, Rounding.NEAREST_EVEN, Overflow.IEEE, 0);
  }

  private static void check(int actual, int expected, float value, String what) {
    if (actual != expected) {
      throw new AssertionError(
          String.format("%s of %a: expected %x, found %x", what, value, expected, actual));
    }
  }

  /**
   * E8M0 agrees with LibTorch but for two cases, where LibTorch's cast is not the nearest value: it
   * ignores the sign, and between 2^-127 and 1.5 * 2^-127 it rounds up.
   */
  @Test
  void encodesPowersOfTwoAsLibTorchDoesWhereThatIsNearest() {
    float[] values = hardFloats(BATCH, 99);
    byte[] codes = TorchCasts.encode(values, ScalarType.Float8_e8m0fnu);
    int compared = 0;
    for (int i = 0; i < values.length; i++) {
      float value = values[i];
      boolean tooHigh = value > 0x1p-127f && value < 0x1.8p-127f;
      if (value >= 0 && !tooHigh && !Float.isNaN(value)) {
        check((byte) ieee(Formats.E8M0, value), codes[i], value, "E8M0");
        compared++;
      }
    }
    assertThat(compared).isGreaterThan(BATCH / 4);
    assertThat(TorchCasts.encode(new float[] {0x1.4p-127f, -2f}, ScalarType.Float8_e8m0fnu))
        .containsExactly(1, 128);
  }

  private static float[] clamp(float[] values, float max) {
    float[] clamped = values.clone();
    for (int i = 0; i < clamped.length; i++) {
      clamped[i] = Math.clamp(clamped[i], -max, max);
    }
    return clamped;
  }

  /**
   * A quarter each: any bits at all; values in and around the formats' ranges; the neighbourhood of
   * ties of each format; BF16-like values and small integers of an ulp.
   */
  static float[] hardFloats(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Format[] formats = {Formats.E4M3, Formats.E5M2, Formats.BF16, Formats.FP16};
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] =
          switch (random.nextInt(4)) {
            case 0 -> Float.intBitsToFloat(random.nextInt());
            case 1 -> (float) ((random.nextDouble() - 0.5) * Math.pow(2, random.nextInt(-26, 20)));
            case 2 -> {
              Format format = formats[random.nextInt(4)];
              int code = random.nextInt((int) format.maxIndex(false));
              float tie = (float) ((format.decode(code) + format.decode(code + 1)) / 2);
              float near = Float.intBitsToFloat(Float.floatToIntBits(tie) + random.nextInt(-2, 3));
              yield random.nextBoolean() ? near : -near;
            }
            default -> Float.intBitsToFloat(random.nextInt(1 << 16) << 16 | random.nextInt(3));
          };
    }
    return values;
  }
}
