package org.foretoken.fp8;

/**
 * BF16: the upper 16 bits of an IEEE binary32; 1 sign bit, 8 exponent bits with bias 127, 7
 * mantissa bits.
 *
 * <p>This class is the fast scalar codec; {@link Formats#BF16} describes the same format as data.
 */
public final class Bf16 {
  /** Largest finite value, code 0x7F7F. */
  public static final float MAX = 0x1.fep127f;

  /** Smallest positive normal value, 2^-126, code 0x0080. */
  public static final float MIN_NORMAL = Float.MIN_NORMAL;

  /** Smallest positive value, 2^-133, code 0x0001. */
  public static final float MIN_SUBNORMAL = 0x1p-133f;

  private static final int EXPONENT_MASK = 0x7f80_0000;
  private static final int QUIET_BIT = 0x40;

  private Bf16() {}

  /** The value of {@code code}, exact; infinities and NaNs as in IEEE 754. */
  public static float decode(short code) {
    return Float.intBitsToFloat(code << 16);
  }

  /**
   * Rounds to the nearest value, ties to even, as IEEE 754 does: overflow gives infinity. NaN stays
   * a (quiet) NaN and a zero keeps its sign.
   */
  public static short encode(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7fff_ffff) > EXPONENT_MASK) {
      return (short) (bits >>> 16 | QUIET_BIT);
    }
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  /** {@code value} rounded to BF16 and back. */
  public static float round(float value) {
    return decode(encode(value));
  }
}
