package uk.ac.manchester.tornado.api.types;

/**
 * Codecs of the two OCP FP8 formats, E4M3 (bias 7, no infinity) and E5M2 (bias 15).
 *
 * <p>The encoders round to nearest with ties away from zero, as TornadoVM's software encoders do.
 * They are not round-to-nearest-even.
 */
public final class FP8 {
  /** Largest finite E4M3 value. */
  public static final float E4M3_MAX = 448.0f;

  /** Largest finite E5M2 value. */
  public static final float E5M2_MAX = 57344.0f;

  private static final Minifloat E4M3 = new Minifloat(3, 7);
  private static final Minifloat E5M2 = new Minifloat(2, 15);
  private static final float[] E4M3_VALUES = new float[256];
  private static final float[] E5M2_VALUES = new float[256];

  static {
    for (int bits = 0; bits < 256; bits++) {
      int magnitude = bits & 0x7F;
      E4M3_VALUES[bits] = magnitude == 0x7F ? Float.NaN : E4M3.decode((byte) bits);
      float overflow = magnitude > 0x7C ? Float.NaN : Float.POSITIVE_INFINITY;
      E5M2_VALUES[bits] =
          magnitude < 0x7C ? E5M2.decode((byte) bits) : bits == 0xFC ? -overflow : overflow;
    }
  }

  private FP8() {}

  /** The value of an E4M3 byte. */
  public static float e4m3ToFloat(byte bits) {
    return E4M3_VALUES[bits & 0xFF];
  }

  /** The nearest E4M3 byte, saturating at 448. */
  public static byte e4m3FromFloat(float value) {
    if (Float.isNaN(value)) {
      return 0x7F;
    }
    int magnitude = Math.abs(value) >= E4M3_MAX ? 0x7E : E4M3.encodeMagnitude(value);
    return (byte) (magnitude | sign(value));
  }

  /** The value of an E5M2 byte. */
  public static float e5m2ToFloat(byte bits) {
    return E5M2_VALUES[bits & 0xFF];
  }

  /** The nearest E5M2 byte; what rounds beyond 57344 becomes infinite. */
  public static byte e5m2FromFloat(float value) {
    if (Float.isNaN(value)) {
      return 0x7F;
    }
    int magnitude = Float.isInfinite(value) ? 0x7C : Math.min(0x7C, E5M2.encodeMagnitude(value));
    return (byte) (magnitude | sign(value));
  }

  private static int sign(float value) {
    return value < 0 ? 0x80 : 0;
  }
}
