package org.foretoken.kernels.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Codes by way of FP16 against {@link FloatCodec}'s of the exact quotient, bit for bit. */
class HalfCodecTest {
  /** Random quotients of a format; {@code -DhalfCodec.quotients=} for more. */
  private static final int QUOTIENTS = Integer.getInteger("halfCodec.quotients", 300_000);

  @ParameterizedTest
  @ValueSource(ints = {FloatCodec.E4M3, FloatCodec.E5M2, FloatCodec.E5M6})
  void encodesAroundEveryHalfAndEveryMiddleOfTwoHalves(int format) {
    Random random = new Random(7);
    float unit = format == FloatCodec.E4M3 ? 0x1p8f : 1f;
    for (int bits = 0; bits < 0x7C00; bits++) {
      float scale =
          bits % 2 == 0
              ? Math.scalb(1f + random.nextFloat(), random.nextInt(-90, 90))
              : Math.scalb(1f, random.nextInt(-90, 90));
      float low = Float.float16ToFloat((short) bits) * unit;
      float high = Float.float16ToFloat((short) (bits + 1)) * unit;
      for (float quotient : new float[] {low, (low + high) / 2}) {
        float x = quotient * scale;
        for (int ulps = -4; ulps <= 4; ulps++) {
          check(
              Float.intBitsToFloat(Math.max(0, Float.floatToRawIntBits(x) + ulps)), scale, format);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {FloatCodec.E4M3, FloatCodec.E5M2, FloatCodec.E5M6})
  void encodesRandomQuotientsAtEveryScale(int format) {
    Random random = new Random(8);
    for (int i = 0; i < QUOTIENTS; i++) {
      float amax = Float.intBitsToFloat(random.nextInt(0x7F80_0001));
      float scale = FloatCodec.scale(amax, format, i & 1);
      check(amax, scale, format);
      check(amax * random.nextFloat(), scale, format);
      check(Math.scalb(amax * random.nextFloat(), -random.nextInt(40)), scale, format);
      // A few leading bits: products with such scales are ties more often than not.
      float few = Float.intBitsToFloat(Float.floatToRawIntBits(amax) & 0xFFF8_0000);
      check(few, scale, format);
      check(Math.scalb(few, -random.nextInt(24)), scale, format);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {FloatCodec.E4M3, FloatCodec.E5M2, FloatCodec.E5M6})
  void encodesWhatIsNoNumberAndTheSmallestScales(int format) {
    for (float scale : new float[] {1f, 0x1p-149f, 0x1.8p-140f, 3e36f, Float.POSITIVE_INFINITY}) {
      for (float x : new float[] {0f, Float.NaN, Float.MIN_VALUE, scale, scale / 3}) {
        check(x, scale, format);
      }
    }
    check(Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY, format);
    for (int i = 0; i < 1 << 16; i++) {
      float amax = Float.intBitsToFloat(i * 3);
      check(amax, FloatCodec.scale(amax, format, 0), format);
      check(amax * 0.7f, FloatCodec.scale(amax, format, 0), format);
    }
  }

  /** One value of a tile and its negative, as kernels encode them. */
  private static void check(float x, float scale, int format) {
    if (Math.abs(x / scale) > FloatCodec.max(format) * 1.000001f && scale >= 0x1p-126f) {
      return; // no value of a tile with that scale
    }
    float normalizer = HalfCodec.normalizer(scale);
    float normal = scale * normalizer;
    float reciprocal = HalfCodec.reciprocal(normal, format);
    for (float value : new float[] {x, -x}) {
      int expected = FloatCodec.encode(value / scale, format);
      float v = normalizer == 1f ? value : HalfCodec.normalize(value, normalizer, normal, format);
      int code = HalfCodec.encode(v, normal, reciprocal, format);
      int sign = format == FloatCodec.E5M6 ? 0x800 : 0x80;
      int kept = Float.isNaN(value / scale) ? ~sign : ~0; // the sign of a NaN is anybody's
      if ((code & kept) != expected) {
        assertThat(code).as("%a / %a in format %d", value, scale, format).isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {FloatCodec.E4M3, FloatCodec.E5M2, FloatCodec.E5M6})
  void encodesQuotientsOfAnySize(int format) {
    Random random = new Random(9);
    for (int i = 0; i < QUOTIENTS; i++) {
      float any = Float.intBitsToFloat(random.nextInt());
      float few = Float.intBitsToFloat(random.nextInt() & 0xFFF8_0000);
      for (float quotient : new float[] {any, few, any % 1e5f, few % 1e5f}) {
        int expected = FloatCodec.encode(quotient, format);
        int sign = format == FloatCodec.E5M6 ? 0x800 : 0x80;
        int kept = Float.isNaN(quotient) ? ~sign : ~0;
        int code = HalfCodec.encodeQuotient(quotient, format, 1);
        if ((code & kept) != expected) {
          assertThat(code).as("%a in format %d", quotient, format).isEqualTo(expected);
        }
      }
    }
  }
}
