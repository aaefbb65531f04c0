package org.foretoken.fp8;

/**
 * E8M0, the scale of the OCP microscaling formats: 8 exponent bits and nothing else; code c is 2^(c
 * - 127), code 255 is NaN. No sign, no zero, no infinity.
 *
 * <p>Rounding is to the nearest power of two in the linear sense; the tie 1.5 * 2^e goes up,
 * because with the hidden bit alone the significand of 2^e is odd and that of 2^(e+1) = 2 * 2^e is
 * even. What is smaller than 2^-127, zero too, becomes 2^-127; a negative number becomes NaN.
 * Source: OCP Microscaling Formats (MX) Specification 1.0; the rounding rules are this project's.
 */
public record ScaleFormat(String name) implements Format {
  private static final int BIAS = 127;
  private static final int NAN = 0xff;

  @Override
  public int bits() {
    return 8;
  }

  @Override
  public boolean signed() {
    return false;
  }

  @Override
  public int exponentBits() {
    return 8;
  }

  @Override
  public int mantissaBits() {
    return 0;
  }

  @Override
  public int bias() {
    return BIAS;
  }

  @Override
  public double max() {
    return 0x1p127;
  }

  @Override
  public double min() {
    return minPositive();
  }

  @Override
  public double minNormal() {
    return minPositive();
  }

  @Override
  public double minPositive() {
    return 0x1p-127;
  }

  @Override
  public boolean hasInfinity() {
    return false;
  }

  @Override
  public boolean hasNan() {
    return true;
  }

  @Override
  public double decode(int code) {
    int field = code & 0xff;
    return field == NAN ? Double.NaN : Math.scalb(1.0, field - BIAS);
  }

  @Override
  public double ulp(double value) {
    if (!(Math.abs(value) <= Double.MAX_VALUE)) {
      return Math.abs(value);
    }
    return Math.scalb(1.0, Math.getExponent(Math.clamp(value, min(), max())));
  }

  @Override
  public Placement place(double magnitude) {
    double clamped = Math.max(magnitude, minPositive());
    int exponent = Math.getExponent(clamped);
    return new Placement(exponent + BIAS, Math.scalb(clamped, -exponent) - 1, false);
  }

  @Override
  public long maxIndex(boolean negative) {
    return NAN - 1;
  }

  @Override
  public int codeAt(boolean negative, long index) {
    return (int) index;
  }

  @Override
  public int overflowCode(boolean negative) {
    return NAN;
  }

  @Override
  public int nanCode(boolean negative) {
    return NAN;
  }
}
