package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.HalfFloat;

/**
 * E4M3, E5M2 and E5M6 codes through FP16, whose conversion TornadoVM's CUDA backend leaves to the
 * hardware: a sixth of {@link FloatCodec}'s instructions, and the same codes bit for bit but for
 * the sign of a NaN. Inlined into kernels, where {@code format} is a constant. Not for OpenCL,
 * which cannot read the bits of a half.
 *
 * <p>A code is the leading bits of an FP16 value in a range of exponents where both formats have
 * the same subnormals: of q for E5M2 and E5M6, of q * 2^-8 for E4M3, q being the quotient of x and
 * its scale. Rounding q first to FP16 and then to the format goes wrong only where the first
 * rounding ends on a tie of the second. The same holds for the product of x and the scale's
 * reciprocal in q's place, which is at most 2 units in the last place of an FP32 off: far less than
 * from a tie to the next FP16 value. A product 8 units or more from the tie lies on q's side of it,
 * so only what is nearer divides.
 */
final class HalfCodec {
  private HalfCodec() {}

  /**
   * 1, or the power of two by which to {@link #normalize} the values of a tile and to multiply its
   * scale, where the scale or its reciprocal is not a normal number.
   */
  static float normalizer(float scale) {
    float small = scale < 0x1p-100f ? 0x1p64f : 1f;
    return scale > 0x1p100f ? 0x1p-64f : small;
  }

  /**
   * A value by the normalizer of its tile, which leaves its code what it is: at most max(format) *
   * scale, which it exceeds where the scale was too small for an FP32 to hold it to 24 bits.
   *
   * @param scale multiplied by its normalizer
   */
  static float normalize(float x, float normalizer, float scale, int format) {
    float most = FloatCodec.max(format) * scale;
    float value = x * normalizer;
    value = value > most ? most : value;
    return value < -most ? -most : value;
  }

  /** What to multiply x by to encode it; {@code scale} as multiplied by its normalizer. */
  static float reciprocal(float scale, int format) {
    return (format == FloatCodec.E4M3 ? 0x1p-8f : 1f) / scale;
  }

  /**
   * The code of the value nearest to x / scale, ties to even; NaN stays NaN, zero keeps its sign.
   *
   * @param x at most max(format) * scale in magnitude; normalized, as are the others
   * @param reciprocal of the scale, see {@link #reciprocal}
   */
  static int encode(float x, float scale, float reciprocal, int format) {
    int drop = format == FloatCodec.E4M3 ? 7 : (format == FloatCodec.E5M2 ? 8 : 4);
    int half = format == FloatCodec.E4M3 ? 0x40 : (format == FloatCodec.E5M2 ? 0x80 : 0x8);
    int nan = format == FloatCodec.E4M3 ? 0x7F : (format == FloatCodec.E5M2 ? 0x7E : 0x7E0);
    int sign = format == FloatCodec.E5M6 ? 0x800 : 0x80;
    float product = x * reciprocal;
    int bits = new HalfFloat(product).getHalfFloatValue() & 0xFFFF;
    int magnitude = bits & 0x7FFF;
    // What is no number ends at its code, with all bits below it set, so that it is no tie.
    int most = (nan << drop) + half + half - 1;
    int up = magnitude + half;
    up = up < most ? up : most;
    int code = up >> drop;
    if ((up & (half + half - 1)) == 0) {
      // A tie, which was rounded up: down again below it, and on it if that is the even code.
      // Its value: the bits that BF16 has above those of an FP16, and the bias of their exponents.
      float tie = BFloat16.bf16ToFloat((short) (magnitude >> 3)) * 0x1p112f;
      float quotient = TornadoMath.abs(product);
      if (TornadoMath.abs(quotient - tie) <= tie * 0x1p-20f) {
        quotient = TornadoMath.abs(x / scale * (format == FloatCodec.E4M3 ? 0x1p-8f : 1f));
      }
      int down = quotient < tie ? 1 : 0;
      down = quotient == tie ? code & 1 : down;
      code = code - down;
    }
    int negative = bits >> (format == FloatCodec.E5M6 ? 4 : 8);
    return code | (negative & sign);
  }

  /**
   * The code of a quotient, saturating, by halves or by arithmetic.
   *
   * @param viaHalf 1 for {@link #encode}, 0 for {@link FloatCodec#encode}
   */
  static int encodeQuotient(float quotient, int format, int viaHalf) {
    float kept = normalize(quotient, 1f, 1f, format);
    return viaHalf == 1
        ? encode(kept, 1f, reciprocal(1f, format), format)
        : FloatCodec.encode(quotient, format);
  }
}
