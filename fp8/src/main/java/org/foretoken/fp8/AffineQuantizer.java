package org.foretoken.fp8;

/**
 * Affine (asymmetric) quantization to 8-bit integers: code = clamp(rne(x / scale) + zeroPoint,
 * -128, 127), value = (code - zeroPoint) * scale. For comparison with the symmetric recipes;
 * nothing else in this project has a zero point.
 *
 * <p>Source: Jacob et al., "Quantization and training of neural networks for efficient
 * integer-arithmetic-only inference", arXiv 1712.05877, section 2.1.
 *
 * @param scale distance of two codes
 * @param zeroPoint the code of zero
 */
public record AffineQuantizer(float scale, int zeroPoint) {
  private static final int LOWEST = -128;
  private static final int LEVELS = 255;

  /** The quantizer whose codes span the range of {@code values} and zero, which stays exact. */
  public static AffineQuantizer fit(float[] values) {
    float min = 0;
    float max = 0;
    for (float value : values) {
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
    float scale = (float) (((double) max - min) / LEVELS);
    if (scale == 0) {
      return new AffineQuantizer(1f, 0);
    }
    int zeroPoint = (int) Math.rint(LOWEST - (double) min / scale);
    return new AffineQuantizer(scale, Math.clamp(zeroPoint, LOWEST, LOWEST + LEVELS));
  }

  /** The code of {@code value}. */
  public byte encode(float value) {
    return (byte) Math.clamp((long) Math.rint(value / scale) + zeroPoint, LOWEST, LOWEST + LEVELS);
  }

  /** The value of {@code code}. */
  public float decode(byte code) {
    return (code - zeroPoint) * scale;
  }
}
