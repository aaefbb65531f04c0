package org.foretoken.fp8;

/**
 * E5M2: 1 sign bit, 5 exponent bits with bias 15, 2 mantissa bits, with infinities and NaNs as in
 * IEEE 754.
 *
 * <p>The largest finite value is 1.75 * 2^15 = 57344. Source: OCP 8-bit Floating Point
 * Specification (OFP8) 1.0. This class is the fast scalar codec; {@code Formats.E5M2} describes the
 * same format as data.
 */
public final class E5M2 {
  /** Largest finite value, code 0x7B. */
  public static final float MAX = 57344f;

  /** Smallest positive normal value, 2^-14, code 0x04. */
  public static final float MIN_NORMAL = 0x1p-14f;

  /** Smallest positive value, 2^-16, code 0x01. */
  public static final float MIN_SUBNORMAL = 0x1p-16f;

  /**
   * From this magnitude on a value rounds past {@link #MAX}: half way to 65536, a tie that goes up.
   */
  public static final float OVERFLOW = 61440f;

  /** The code of {@link #MAX}. */
  public static final byte MAX_CODE = 0x7b;

  /** The code of positive infinity; the negative one is 0xFC. */
  public static final byte INFINITY_CODE = 0x7c;

  /** The code that NaN is encoded to; 0x7D, 0x7F and their negatives are NaN too. */
  public static final byte NAN_CODE = 0x7e;

  private static final int EXPONENT_MASK = 0x7f80_0000;
  private static final int MAX_BITS = Float.floatToRawIntBits(MAX);
  private static final int OVERFLOW_BITS = Float.floatToRawIntBits(OVERFLOW);
  private static final int MIN_NORMAL_BITS = Float.floatToRawIntBits(MIN_NORMAL);

  /** Adding this float makes one unit in the last place equal to {@link #MIN_SUBNORMAL}. */
  private static final float SUBNORMAL_MAGIC = 0x1p7f;

  private E5M2() {}

  /** The value of {@code code}, exact; infinity for 0x7C and 0xFC, NaN for the six codes beyond. */
  public static float decode(byte code) {
    // E5M2 is the upper byte of an IEEE binary16.
    return Float.float16ToFloat((short) (code << 8));
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
   * Rounds to the nearest value, ties to even, as IEEE 754 does: what rounds past {@link #MAX}
   * becomes infinity with its sign.
   */
  public static byte encodeIeee(float value) {
    int bits = Float.floatToRawIntBits(value);
    int magnitude = bits & 0x7fff_ffff;
    int sign = bits >>> 24 & 0x80;
    if (magnitude >= OVERFLOW_BITS) {
      return (byte) (sign | (magnitude > EXPONENT_MASK ? NAN_CODE : INFINITY_CODE));
    }
    return (byte) (sign | roundFinite(magnitude));
  }

  private static int roundFinite(int magnitude) {
    if (magnitude < MIN_NORMAL_BITS) {
      // The sum's low byte counts units of MIN_SUBNORMAL; the rest of it falls to the cast to byte.
      return Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + SUBNORMAL_MAGIC);
    }
    int rounded = magnitude + 0xf_ffff + (magnitude >>> 21 & 1);
    return (rounded >>> 21) - ((127 - 15) << 2);
  }
}
