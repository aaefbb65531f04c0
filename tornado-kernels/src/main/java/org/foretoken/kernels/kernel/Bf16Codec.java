package org.foretoken.kernels.kernel;

/**
 * BF16 codes by arithmetic, since no bit cast of a float survives TornadoVM's compilers. Exact, and
 * equal to {@link org.foretoken.fp8.Bf16} for every value but in the sign of a NaN. Inlined into
 * kernels.
 */
final class Bf16Codec {
  /** Adding this float to one in [1, 2) rounds that to BF16's 7 fraction bits, ties to even. */
  private static final float MAGIC = 0x1p16f;

  private static final int INFINITY = 0x7F80;
  private static final int NAN = 0x7FC0;

  private Bf16Codec() {}

  /** The value of a code in [0, 0xFFFF]; an infinity for the codes of NaN too. */
  static float decode(int code) {
    int exponent = (code & 0x7F80) / 128;
    int significand = code & 0x7F;
    int shift = 0;
    if (exponent > 0) {
      significand = significand + 128;
      shift = exponent - 1;
    }
    float value = significand * 0x1p-133f;
    value = (shift & 1) != 0 ? value * 2f : value;
    value = (shift & 2) != 0 ? value * 4f : value;
    value = (shift & 4) != 0 ? value * 16f : value;
    value = (shift & 8) != 0 ? value * 256f : value;
    value = (shift & 16) != 0 ? value * 0x1p16f : value;
    value = (shift & 32) != 0 ? value * 0x1p32f : value;
    value = (shift & 64) != 0 ? value * 0x1p64f : value;
    value = (shift & 128) != 0 ? value * 0x1p64f * 0x1p64f : value;
    return (code & 0x8000) != 0 ? -value : value;
  }

  /** The code in [0, 0xFFFF] of the nearest BF16 value, ties to even; overflow is infinity. */
  @SuppressWarnings("IdentityBinaryExpression") // x != x: Float.isNaN is none of a kernel's calls
  static int encode(float x) {
    float y = x < 0f ? -x : x;
    int exponent = y < 1f ? 1 : 127;
    y = y < 1f ? y * 0x1p126f : y;
    exponent = y >= 0x1p64f ? exponent + 64 : exponent;
    y = y >= 0x1p64f ? y * 0x1p-64f : y;
    exponent = y >= 0x1p32f ? exponent + 32 : exponent;
    y = y >= 0x1p32f ? y * 0x1p-32f : y;
    exponent = y >= 0x1p16f ? exponent + 16 : exponent;
    y = y >= 0x1p16f ? y * 0x1p-16f : y;
    exponent = y >= 256f ? exponent + 8 : exponent;
    y = y >= 256f ? y * 0x1p-8f : y;
    exponent = y >= 16f ? exponent + 4 : exponent;
    y = y >= 16f ? y * 0x1p-4f : y;
    exponent = y >= 4f ? exponent + 2 : exponent;
    y = y >= 4f ? y * 0x1p-2f : y;
    exponent = y >= 2f ? exponent + 1 : exponent;
    y = y >= 2f ? y * 0.5f : y;
    // y is in [1, 2), or below 1 for a subnormal; 2 carries into the exponent by itself.
    float rounded = y + MAGIC - MAGIC;
    int code = exponent * 128 + (int) (rounded * 128f) - 128;
    code = y >= 2f ? INFINITY : code;
    code = x != x ? NAN : code;
    float sign = x == 0f ? 1f / x : x; // not a condition of and and or: those are miscompiled
    return sign < 0f ? code + 0x8000 : code;
  }

  /** {@code x} rounded to BF16 and back; NaN and infinities stay what they are. */
  static float round(float x) {
    float y = x < 0f ? -x : x;
    float scale = y < 1f ? 0x1p-126f : 1f;
    y = y < 1f ? y * 0x1p126f : y;
    scale = y >= 0x1p64f ? scale * 0x1p64f : scale;
    y = y >= 0x1p64f ? y * 0x1p-64f : y;
    scale = y >= 0x1p32f ? scale * 0x1p32f : scale;
    y = y >= 0x1p32f ? y * 0x1p-32f : y;
    scale = y >= 0x1p16f ? scale * 0x1p16f : scale;
    y = y >= 0x1p16f ? y * 0x1p-16f : y;
    scale = y >= 256f ? scale * 256f : scale;
    y = y >= 256f ? y * 0x1p-8f : y;
    scale = y >= 16f ? scale * 16f : scale;
    y = y >= 16f ? y * 0x1p-4f : y;
    scale = y >= 4f ? scale * 4f : scale;
    y = y >= 4f ? y * 0x1p-2f : y;
    scale = y >= 2f ? scale * 2f : scale;
    y = y >= 2f ? y * 0.5f : y;
    float value = (y + MAGIC - MAGIC) * scale;
    return x < 0f ? -value : value;
  }
}
