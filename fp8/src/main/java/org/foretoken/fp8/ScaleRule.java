package org.foretoken.fp8;

/**
 * How a scale comes from amax, the largest magnitude of its group. A scale multiplies on the way
 * back: value = code * scale ("scale_inv" in DeepSeek's files).
 *
 * <p>In every rule a group of zeros has scale 1, and so has a group so small that its scale would
 * underflow to zero: all its codes are then zero.
 */
public enum ScaleRule {
  /** scale = amax / max(format), one FP32 division. */
  AMAX {
    @Override
    float positive(float amax, Format element) {
      return amax / (float) element.max();
    }
  },
  /** {@link #AMAX} rounded up to the next power of two, so that nothing saturates. */
  POWER_OF_TWO {
    @Override
    float positive(float amax, Format element) {
      return nextPowerOfTwo(AMAX.positive(amax, element));
    }
  },
  /**
   * 2^(floor(log2(amax)) - exponent of max(format)), the choice that the OCP MX specification 1.0
   * makes in section 6.3. One binade finer than {@link #POWER_OF_TWO} where the significand of amax
   * is at most that of max(format); beyond it the largest values saturate.
   */
  OCP_FLOOR {
    @Override
    float positive(float amax, Format element) {
      int exponent = Math.getExponent((double) amax) - Math.getExponent(element.max());
      return Math.scalb(1f, exponent);
    }
  };

  abstract float positive(float amax, Format element);

  /**
   * The scale of a group.
   *
   * @param amax largest magnitude of the group, finite
   * @param element format of the codes
   */
  public float scale(float amax, Format element) {
    float scale = positive(amax, element);
    return scale > 0 ? scale : 1f;
  }

  /** The smallest power of two that is not below {@code value}; zero stays zero. */
  public static float nextPowerOfTwo(float value) {
    int bits = Float.floatToRawIntBits(value);
    int mantissa = bits & 0x7f_ffff;
    if (mantissa == 0) {
      return value;
    }
    if (value < Float.MIN_NORMAL) {
      int highest = Integer.highestOneBit(mantissa);
      return Float.intBitsToFloat(highest == mantissa ? highest : highest << 1);
    }
    return Float.intBitsToFloat((bits & 0x7f80_0000) + 0x80_0000);
  }
}
