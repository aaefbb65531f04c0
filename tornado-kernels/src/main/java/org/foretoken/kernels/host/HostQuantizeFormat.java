package org.foretoken.kernels.host;

import java.util.List;
import org.foretoken.fp8.FloatFormat;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;

/**
 * An element format as the numbers that the vector loops need, and its scalar codec.
 *
 * <p>The vector encoder rounds by one addition. With 2^e the binade of y (at least that of the
 * smallest normal number) and m mantissa bits, y + M has one unit in the last place equal to 2^(e -
 * m) if M = 2^(e + 23 - m), so the hardware's rounding to nearest even is the format's. The integer
 * n = round(y / 2^(e - m)) then stands in the low bits of the sum, and adding e's field, shifted to
 * stand above m bits, makes the code: n counts 2^m of its own for the hidden bit, which a constant
 * in M's low bits takes back, modulo the width of a code.
 */
final class HostQuantizeFormat {
  /** OCP E4M3, a byte a code. */
  static final HostQuantizeFormat E4M3 = new HostQuantizeFormat((FloatFormat) Formats.E4M3);

  /** OCP E5M2, a byte a code. */
  static final HostQuantizeFormat E5M2 = new HostQuantizeFormat((FloatFormat) Formats.E5M2);

  /** E5M6, two bytes a code in little-endian order, the upper four bits zero. */
  static final HostQuantizeFormat E5M6 = new HostQuantizeFormat((FloatFormat) Formats.E5M6);

  private static final List<HostQuantizeFormat> ALL = List.of(E4M3, E5M2, E5M6);

  private static final int EXPONENT_MASK = 0x7f80_0000;
  private static final int FLOAT_BIAS = 127;

  final Format format;

  /** Bytes a code takes. */
  final int bytes;

  /** Largest finite value. */
  final float max;

  /** Bits of the largest finite value. */
  final int maxBits;

  /** Bits of the smallest normal number. */
  final int minNormalBits;

  /** A float's exponent field shifted right by this stands above the mantissa of a code. */
  final int fieldShift;

  /** What makes M of y's binade; see above. */
  final int magicBits;

  /** M over y's binade: a fused multiply-add makes y + M of it. */
  final float magic;

  /** A float's sign shifted right by this is the sign of a code. */
  final int signShift;

  /** The sign bit of a code. */
  final int signBit;

  /** Code of the positive NaN. */
  final int nanCode;

  /** Added to a magnitude whose fields stand where a float has them: the difference of biases. */
  final int decodeBias;

  /** Smallest normal number. */
  final float minNormal;

  /** The magnitudes from this on are infinities and NaNs. */
  final int firstSpecial;

  private HostQuantizeFormat(FloatFormat format) {
    this.format = format;
    int mantissa = format.mantissaBits();
    bytes = format.bits() > 8 ? 2 : 1;
    max = (float) format.max();
    maxBits = Float.floatToRawIntBits(max);
    minNormalBits = Float.floatToRawIntBits((float) format.minNormal());
    fieldShift = 23 - mantissa;
    int subnormalField = minNormalBits >>> fieldShift;
    magicBits = (23 - mantissa << 23) + (-subnormalField & (1 << 8 * bytes) - 1);
    magic = Float.intBitsToFloat((FLOAT_BIAS << 23) + magicBits);
    signShift = 32 - format.bits();
    signBit = 1 << format.bits() - 1;
    nanCode = format.nanCode(false);
    decodeBias = FLOAT_BIAS - format.bias() << 23;
    minNormal = (float) format.minNormal();
    firstSpecial = (int) format.maxIndex(false) + 1;
  }

  /** The one for {@code format}, or null if no fast loop knows it. */
  static HostQuantizeFormat of(Format format) {
    for (HostQuantizeFormat known : ALL) {
      if (known.format.equals(format)) {
        return known;
      }
    }
    return null;
  }

  /** The code of {@code y}: nearest even, saturating; NaN stays NaN with its sign. */
  int encode(float y) {
    int bits = Float.floatToRawIntBits(y);
    int magnitude = bits & 0x7fff_ffff;
    int sign = bits >>> signShift & signBit;
    if (magnitude > EXPONENT_MASK) {
      return sign | nanCode;
    }
    magnitude = Math.min(magnitude, maxBits);
    int binade = Math.max(magnitude & EXPONENT_MASK, minNormalBits);
    float sum = Float.intBitsToFloat(magnitude) + Float.intBitsToFloat(binade + magicBits);
    int code = Float.floatToRawIntBits(sum) + (binade >>> fieldShift);
    return sign | code & signBit - 1;
  }

  /** The value of {@code code}, exact. */
  float decode(int code) {
    return (float) format.decode(code);
  }
}
