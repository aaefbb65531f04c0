package org.foretoken.kernels.kernel;

/**
 * E4M3, E5M2 and E5M6 codes by arithmetic, since no bit cast of a float survives TornadoVM's
 * compilers and the CUDA backend's own FP8 encoder does not round ties to even. Exact, and equal to
 * {@link org.foretoken.fp8.E4M3} and its siblings for every value but in the sign of a NaN. Inlined
 * into kernels, where {@code format} is a constant.
 */
public final class FloatCodec {
  /** Format number of E4M3. */
  public static final int E4M3 = 0;

  /** Format number of E5M2. */
  public static final int E5M2 = 1;

  /** Format number of E5M6. */
  public static final int E5M6 = 2;

  private FloatCodec() {}

  /** Largest finite value of a format. */
  static float max(int format) {
    return format == E4M3 ? 448f : (format == E5M2 ? 57344f : 65024f);
  }

  /**
   * The scale of a group: amax / max(format), or 1 where that is zero; rounded up to a power of two
   * if {@code powerOfTwo} is 1.
   */
  static float scale(float amax, int format, int powerOfTwo) {
    float exact = amax / max(format);
    float scale = powerOfTwo == 1 ? nextPowerOfTwo(exact) : exact;
    return scale > 0f ? scale : 1f;
  }

  /** The smallest power of two that is at least x, for x in [0, 2^127]. */
  static float nextPowerOfTwo(float x) {
    // Significand y in [1, 2) and power p with x = y * p, by halving the range of the exponent.
    float p = x < 1f ? 0x1p-126f : 1f;
    float y = x < 1f ? x * 0x1p126f : x;
    p = x < 0x1p-126f ? 0x1p-149f : p;
    y = x < 0x1p-126f ? x * 0x1p75f * 0x1p74f : y;
    p = y >= 0x1p64f ? p * 0x1p64f : p;
    y = y >= 0x1p64f ? y * 0x1p-64f : y;
    p = y >= 0x1p32f ? p * 0x1p32f : p;
    y = y >= 0x1p32f ? y * 0x1p-32f : y;
    p = y >= 0x1p16f ? p * 0x1p16f : p;
    y = y >= 0x1p16f ? y * 0x1p-16f : y;
    p = y >= 256f ? p * 256f : p;
    y = y >= 256f ? y * 0x1p-8f : y;
    p = y >= 16f ? p * 16f : p;
    y = y >= 16f ? y * 0x1p-4f : y;
    p = y >= 4f ? p * 4f : p;
    y = y >= 4f ? y * 0x1p-2f : y;
    p = y >= 2f ? p * 2f : p;
    y = y >= 2f ? y * 0.5f : y;
    p = y > 1f ? p * 2f : p;
    return x > 0f ? p : 0f;
  }

  /**
   * The code of the nearest value, ties to even, saturating; NaN stays NaN, zero keeps its sign.
   */
  @SuppressWarnings("IdentityBinaryExpression") // x != x: Float.isNaN is none of a kernel's calls
  static int encode(float x, int format) {
    float magnitude = x < 0f ? -x : x;
    magnitude = magnitude > max(format) ? max(format) : magnitude;
    // In units of the smallest normal value; binade is the exponent above that.
    float y = magnitude * (format == E4M3 ? 0x1p6f : 0x1p14f);
    int binade = 0;
    binade = y >= 0x1p16f ? 16 : binade;
    y = y >= 0x1p16f ? y * 0x1p-16f : y;
    binade = y >= 256f ? binade + 8 : binade;
    y = y >= 256f ? y * 0x1p-8f : y;
    binade = y >= 16f ? binade + 4 : binade;
    y = y >= 16f ? y * 0x1p-4f : y;
    binade = y >= 4f ? binade + 2 : binade;
    y = y >= 4f ? y * 0x1p-2f : y;
    binade = y >= 2f ? binade + 1 : binade;
    y = y >= 2f ? y * 0.5f : y;
    // Adding 2^(23 - fraction bits) leaves a sum whose unit in the last place is the format's.
    float magic = format == E4M3 ? 0x1p20f : (format == E5M2 ? 0x1p21f : 0x1p17f);
    int steps = format == E4M3 ? 8 : (format == E5M2 ? 4 : 64);
    float rounded = y + magic - magic;
    int code = binade * steps + (int) (rounded * steps);
    int nan = format == E4M3 ? 0x7F : (format == E5M2 ? 0x7E : 0x7E0);
    int sign = format == E5M6 ? 0x800 : 0x80;
    code = x != x ? nan : code;
    float signed = x == 0f ? 1f / x : x; // not a condition of and and or: those are miscompiled
    return signed < 0f ? code + sign : code;
  }

  /** The value of a code; infinities and NaN as the format has them. */
  static float decode(int code, int format) {
    int fractionBits = format == E4M3 ? 3 : (format == E5M2 ? 2 : 6);
    int hidden = format == E4M3 ? 8 : (format == E5M2 ? 4 : 64);
    int exponents = format == E4M3 ? 15 : 31;
    int signBit = format == E5M6 ? 0x800 : 0x80;
    int magnitude = code & (signBit - 1);
    int exponent = (magnitude >> fractionBits) & exponents;
    int significand = magnitude & (hidden - 1);
    significand = exponent > 0 ? significand + hidden : significand;
    int shift = exponent > 0 ? exponent - 1 : 0;
    int half = shift & 16; // 2^30 * 7 does not fit an int, so the shift is made in two parts
    float value = (significand << (shift & 15)) * (half != 0 ? 0x1p16f : 1f);
    float unit = format == E4M3 ? 0x1p-9f : (format == E5M2 ? 0x1p-16f : 0x1p-20f);
    // Overflow to infinity and infinity * 0 at run time: the literals do not survive OpenCL.
    int firstSpecial = format == E4M3 ? 0x7F : (format == E5M2 ? 0x7C : 0x7C0);
    int firstNan = format == E4M3 ? 0x7F : firstSpecial + 1;
    unit = magnitude >= firstSpecial ? 0x1p127f : unit;
    float kept = magnitude >= firstNan ? 0f : 1f;
    value = value * unit * kept;
    return (code & signBit) != 0 ? -value : value;
  }
}
