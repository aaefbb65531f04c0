package org.foretoken.fp8;

/**
 * A binary floating-point format: sign, exponent and mantissa field, with subnormals.
 *
 * @param name as in {@link Formats}
 * @param exponentBits width of the exponent field
 * @param mantissaBits width of the mantissa field
 * @param bias exponent bias
 * @param specials which codes are no finite numbers
 */
public record FloatFormat(
    String name, int exponentBits, int mantissaBits, int bias, Specials specials)
    implements Format {

  /** Which codes are infinities and NaNs. */
  public enum Specials {
    /** All-ones exponent: infinity with a zero mantissa, else NaN (IEEE 754). */
    IEEE,
    /**
     * All ones is NaN; all-ones exponents are otherwise numbers, and there is no infinity ("FN").
     */
    NAN_ONLY,
    /** Every code is a number. */
    NONE
  }

  @Override
  public int bits() {
    return 1 + exponentBits + mantissaBits;
  }

  @Override
  public boolean signed() {
    return true;
  }

  /** Exponent of the smallest normal number, which the subnormals share. */
  public int minExponent() {
    return 1 - bias;
  }

  @Override
  public double max() {
    return magnitude(maxIndex(false));
  }

  @Override
  public double min() {
    return -max();
  }

  @Override
  public double minNormal() {
    return Math.scalb(1.0, minExponent());
  }

  @Override
  public double minPositive() {
    return Math.scalb(1.0, minExponent() - mantissaBits);
  }

  @Override
  public boolean hasInfinity() {
    return specials == Specials.IEEE;
  }

  @Override
  public boolean hasNan() {
    return specials != Specials.NONE;
  }

  @Override
  public double decode(int code) {
    long index = code & signBit() - 1;
    double value = magnitude(index);
    if (index > maxIndex(false)) {
      value = index == infinityIndex() ? Double.POSITIVE_INFINITY : Double.NaN;
    }
    return (code & signBit()) != 0 ? -value : value;
  }

  @Override
  public double ulp(double value) {
    if (!(Math.abs(value) <= Double.MAX_VALUE)) {
      return Math.abs(value);
    }
    double magnitude = Math.min(Math.abs(value), max());
    return Math.scalb(1.0, exponent(magnitude) - mantissaBits);
  }

  @Override
  public Placement place(double magnitude) {
    int exponent = exponent(magnitude);
    double scaled = Math.scalb(magnitude, mantissaBits - exponent);
    long floor = (long) scaled;
    // Above the first binade the hidden bit is part of floor, so each further one adds
    // 2^mantissaBits.
    long lower = ((long) (exponent - minExponent()) << mantissaBits) + floor;
    return new Placement(lower, scaled - floor, (lower & 1) == 0);
  }

  @Override
  public long maxIndex(boolean negative) {
    return switch (specials) {
      case IEEE -> infinityIndex() - 1;
      case NAN_ONLY -> signBit() - 2;
      case NONE -> signBit() - 1;
    };
  }

  @Override
  public int codeAt(boolean negative, long index) {
    return (int) (negative ? index | signBit() : index);
  }

  @Override
  public int overflowCode(boolean negative) {
    return hasInfinity() ? codeAt(negative, infinityIndex()) : nanCode(negative);
  }

  @Override
  public int nanCode(boolean negative) {
    return switch (specials) {
      case IEEE -> codeAt(negative, infinityIndex() | 1L << mantissaBits - 1);
      case NAN_ONLY -> codeAt(negative, signBit() - 1);
      case NONE -> throw new IllegalStateException(name + " has no NaN");
    };
  }

  /** Exponent of {@code magnitude}'s binade; that of the subnormals below the smallest normal. */
  private int exponent(double magnitude) {
    return Math.max(Math.getExponent(magnitude), minExponent());
  }

  private double magnitude(long index) {
    long field = index >>> mantissaBits;
    long mantissa = index & (1L << mantissaBits) - 1;
    if (field == 0) {
      return Math.scalb((double) mantissa, minExponent() - mantissaBits);
    }
    return Math.scalb((double) (mantissa | 1L << mantissaBits), (int) field - bias - mantissaBits);
  }

  private long infinityIndex() {
    return (1L << exponentBits) - 1 << mantissaBits;
  }

  private long signBit() {
    return 1L << exponentBits + mantissaBits;
  }
}
