package org.foretoken.fp8;

/**
 * E4M3 (the FN form: finite, with NaN): 1 sign bit, 4 exponent bits with bias 7, 3 mantissa bits.
 *
 * <p>No infinity; {@code S.1111.111} is NaN and all other codes are finite, so the largest value is
 * 1.75 * 2^8 = 448. Source: OCP 8-bit Floating Point Specification (OFP8) 1.0. This class is the
 * fast scalar codec; {@link Formats#E4M3} describes the same format as data.
 */
public final class E4M3 {
  /** Largest finite value, code 0x7E. */
  public static final float MAX = 448f;

  /** Smallest positive normal value, 2^-6, code 0x08. */
  public static final float MIN_NORMAL = 0x1p-6f;

  /** Smallest positive value, 2^-9, code 0x01. */
  public static final float MIN_SUBNORMAL = 0x1p-9f;

  /**
   * Everything above this magnitude rounds past {@link #MAX}: half way to the 480 that is not
   * there.
   */
  public static final float OVERFLOW = 464f;

  /** The code of {@link #MAX}. */
  public static final byte MAX_CODE = 0x7e;

  /** The code of the positive NaN; the negative one is 0xFF. */
  public static final byte NAN_CODE = 0x7f;

  private static final int EXPONENT_MASK = 0x7f80_0000;
  private static final int MAX_BITS = Float.floatToRawIntBits(MAX);
  private static final int OVERFLOW_BITS = Float.floatToRawIntBits(OVERFLOW);
  private static final int MIN_NORMAL_BITS = Float.floatToRawIntBits(MIN_NORMAL);

  /** Adding this float makes one unit in the last place equal to {@link #MIN_SUBNORMAL}. */
  private static final float SUBNORMAL_MAGIC = 0x1p14f;

  private E4M3() {}

  /** The value of {@code code}, exact; NaN for 0x7F and 0xFF. */
  public static float decode(byte code) {
    int magnitude = code & 0x7f;
    if (magnitude == NAN_CODE) {
      return Float.NaN;
    }
    // The code's fields land in a float's fields; 2^120 = 2^(127 - 7) repairs the bias, subnormals
    // too.
    float value = Float.intBitsToFloat(magnitude << 20) * 0x1p120f;
    return code < 0 ? -value : value;
  }

  /**
   * Rounds to the nearest value, ties to even, saturating: what is beyond {@link #MAX}, infinity
   * too, becomes {@link #MAX} with its sign. NaN stays NaN and a zero keeps its sign.
   */
  public static byte encode(float value) {
    int bits = Float.floatToRawIntBits(value);
    int magnitude = bits & 0x7fff_ffff;
    int sign = bits >>> 24 & 0x80;
    if (magnitude >= MAX_BITS) {
      return (byte) (sign | (magnitude > EXPONENT_MASK ? NAN_CODE : MAX_CODE));
    }
    return (byte) (sign | roundFinite(magnitude));
  }

  /**
   * Rounds to the nearest value, ties to even, without saturation: what rounds past {@link #MAX},
   * infinity too, becomes NaN with its sign, for the format has no infinity.
   */
  public static byte encodeIeee(float value) {
    int bits = Float.floatToRawIntBits(value);
    int magnitude = bits & 0x7fff_ffff;
    int sign = bits >>> 24 & 0x80;
    if (magnitude > OVERFLOW_BITS) {
      return (byte) (sign | NAN_CODE);
    }
    return (byte) (sign | roundFinite(magnitude));
  }

  private static int roundFinite(int magnitude) {
    if (magnitude < MIN_NORMAL_BITS) {
      // The sum's low byte counts units of MIN_SUBNORMAL; the rest of it falls to the cast to byte.
      return Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + SUBNORMAL_MAGIC);
    }
    int rounded = magnitude + 0x7_ffff + (magnitude >>> 20 & 1);
    return (rounded >>> 20) - ((127 - 7) << 3);
  }
}
