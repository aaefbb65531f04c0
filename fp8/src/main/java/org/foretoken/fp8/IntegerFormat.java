package org.foretoken.fp8;

/**
 * INT8: the integers from -128 to 127 in two's complement; no fractions, no infinity, no NaN, one
 * zero.
 *
 * <p>The quantizers scale by {@link #max()} = 127, so -128 is never produced by symmetric scaling.
 * (The MXINT8 element of the OCP MX specification is this value times 2^-6; the factor can be moved
 * into the scale.)
 */
public record IntegerFormat(String name) implements Format {
  @Override
  public int bits() {
    return 8;
  }

  @Override
  public boolean signed() {
    return true;
  }

  @Override
  public int exponentBits() {
    return 0;
  }

  @Override
  public int mantissaBits() {
    return 7;
  }

  @Override
  public int bias() {
    return 0;
  }

  @Override
  public double max() {
    return 127;
  }

  @Override
  public double min() {
    return -128;
  }

  @Override
  public double minNormal() {
    return 1;
  }

  @Override
  public double minPositive() {
    return 1;
  }

  @Override
  public boolean hasInfinity() {
    return false;
  }

  @Override
  public boolean hasNan() {
    return false;
  }

  @Override
  public double decode(int code) {
    return (byte) code;
  }

  @Override
  public double ulp(double value) {
    return Math.abs(value) <= Double.MAX_VALUE ? 1 : Math.abs(value);
  }

  @Override
  public Placement place(double magnitude) {
    double floor = Math.floor(magnitude);
    return new Placement((long) floor, magnitude - floor, floor % 2 == 0);
  }

  @Override
  public long maxIndex(boolean negative) {
    return negative ? 128 : 127;
  }

  @Override
  public int codeAt(boolean negative, long index) {
    return (int) (negative ? -index : index) & 0xff;
  }

  @Override
  public int overflowCode(boolean negative) {
    throw new IllegalStateException(name + " has no infinity");
  }

  @Override
  public int nanCode(boolean negative) {
    throw new IllegalStateException(name + " has no NaN");
  }
}
