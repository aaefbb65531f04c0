package org.foretoken.kernels.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.E5M2;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Overflow;
import org.foretoken.fp8.Rounding;
import org.foretoken.fp8.ScaleRule;
import org.junit.jupiter.api.Test;

/** The kernels' arithmetic codec against the bit-casting one. */
class FloatCodecTest {
  private static final int[] FORMATS = {FloatCodec.E4M3, FloatCodec.E5M2, FloatCodec.E5M6};

  @Test
  void encodesEveryBf16ValueLikeTheScalarCodec() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      check(Float.intBitsToFloat(bits << 16));
    }
  }

  @Test
  void encodesRandomFloatsTiesAndNeighboursLikeTheScalarCodec() {
    Random random = new Random(5);
    for (int i = 0; i < 300_000; i++) {
      check(Float.intBitsToFloat(random.nextInt()));
      check((float) (random.nextGaussian() * 100));
    }
    for (int code = 0; code < 0x7f; code++) {
      float low = E4M3.decode((byte) code);
      float tie = code == 0x7e ? E4M3.OVERFLOW : (low + E4M3.decode((byte) (code + 1))) / 2;
      for (float x : new float[] {tie, Math.nextUp(tie), Math.nextDown(tie), low}) {
        check(x);
        check(-x);
      }
    }
  }

  @Test
  void decodesEveryCode() {
    for (int code = 0; code < 256; code++) {
      assertThat(FloatCodec.decode(code, FloatCodec.E4M3))
          .isEqualTo(Float.valueOf(E4M3.decode((byte) code)));
      assertThat(FloatCodec.decode(code, FloatCodec.E5M2))
          .isEqualTo(Float.valueOf(E5M2.decode((byte) code)));
    }
    for (int code = 0; code < 4096; code++) {
      assertThat(FloatCodec.decode(code, FloatCodec.E5M6))
          .isEqualTo(Float.valueOf((float) Formats.E5M6.decode(code)));
    }
  }

  @Test
  void scalesFollowTheScaleRules() {
    Random random = new Random(6);
    for (int i = 0; i < 100_000; i++) {
      checkScale(Float.intBitsToFloat(random.nextInt() & 0x7fff_ffff));
    }
    for (int e = -149; e <= 127; e++) {
      float power = Math.scalb(1f, e);
      checkScale(power);
      checkScale(Math.nextUp(power));
      checkScale(Math.nextDown(power));
      assertThat(FloatCodec.nextPowerOfTwo(power)).isEqualTo(power);
    }
    checkScale(0f);
  }

  private static void checkScale(float amax) {
    if (!Float.isFinite(amax)) {
      return;
    }
    for (int format : FORMATS) {
      assertThat(FloatCodec.scale(amax, format, 0))
          .isEqualTo(ScaleRule.AMAX.scale(amax, described(format)));
      assertThat(FloatCodec.scale(amax, format, 1))
          .isEqualTo(ScaleRule.POWER_OF_TWO.scale(amax, described(format)));
    }
  }

  private static void check(float x) {
    assertThat(FloatCodec.encode(x, FloatCodec.E4M3))
        .as("E4M3 of %s", x)
        .isEqualTo(Float.isNaN(x) ? 0x7f : E4M3.encode(x) & 0xff);
    assertThat(FloatCodec.encode(x, FloatCodec.E5M2))
        .as("E5M2 of %s", x)
        .isEqualTo(Float.isNaN(x) ? 0x7e : E5M2.encode(x) & 0xff);
    if (!Float.isNaN(x)) {
      assertThat(FloatCodec.encode(x, FloatCodec.E5M6))
          .as("E5M6 of %s", x)
          .isEqualTo(Formats.E5M6.encode(x, Rounding.NEAREST_EVEN, Overflow.SATURATE, 0));
    }
  }

  private static Format described(int format) {
    return format == FloatCodec.E4M3
        ? Formats.E4M3
        : format == FloatCodec.E5M2 ? Formats.E5M2 : Formats.E5M6;
  }
}
