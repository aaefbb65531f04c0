package uk.ac.manchester.tornado.api.types;

/**
 * Codec of BF16, the upper half of an FP32 value.
 *
 * <p>The encoder rounds to nearest with ties away from zero, as TornadoVM's software encoder does.
 */
public final class BFloat16 {
  /** Largest finite BF16 value. */
  public static final float BF16_MAX = 3.3895314e38f;

  private static final Minifloat FORMAT = new Minifloat(7, 127);

  private BFloat16() {}

  /** The value of a BF16 bit pattern. */
  public static float bf16ToFloat(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** The nearest BF16 bit pattern; what rounds beyond the largest becomes infinite. */
  public static short bf16FromFloat(float value) {
    if (Float.isNaN(value)) {
      return 0x7FC0;
    }
    int magnitude =
        Float.isInfinite(value) ? 0x7F80 : Math.min(0x7F80, FORMAT.encodeMagnitude(value));
    return (short) (value < 0 ? magnitude | 0x8000 : magnitude);
  }
}
