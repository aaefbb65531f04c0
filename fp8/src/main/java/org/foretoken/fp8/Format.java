package org.foretoken.fp8;

/**
 * A number format of at most 32 bits: what its codes mean, and how a number becomes a code.
 *
 * <p>The members of the family are the constants of {@link Formats}. A code sits in the low {@link
 * #bits()} bits of an {@code int}; bits above it are ignored on the way in and zero on the way out
 * (FP32 uses all 32). Values are {@code double}, which holds every value of every member exactly,
 * and encoding rounds once, straight from the {@code double} (a {@code float} widens to it
 * exactly).
 */
public sealed interface Format permits FloatFormat, ScaleFormat, IntegerFormat {
  /** The name as in {@link Formats#byName}: upper case, no separators. */
  String name();

  /** Width of a code in bits, the sign included. */
  int bits();

  /** Whether the format has negative values. */
  boolean signed();

  /** Width of the exponent field. */
  int exponentBits();

  /** Width of the stored mantissa field, without the hidden bit. */
  int mantissaBits();

  /** What is subtracted from the exponent field. */
  int bias();

  /** Largest finite value. */
  double max();

  /** Smallest finite value: {@code -max()} for a float, -128 for INT8, 2^-127 for E8M0. */
  double min();

  /** Smallest positive value with full precision. */
  double minNormal();

  /** Smallest positive value. */
  double minPositive();

  /** Whether some codes are infinities. */
  boolean hasInfinity();

  /** Whether some codes are NaN. */
  boolean hasNan();

  /** The value of {@code code}, exact. */
  double decode(int code);

  /** The gap between the neighbours around {@code value}, as {@link Math#ulp} has it. */
  double ulp(double value);

  /** Where {@code magnitude} (finite, not negative) falls between two neighbours. */
  Placement place(double magnitude);

  /** The largest index of {@link #place} that is a finite value of that sign. */
  long maxIndex(boolean negative);

  /** The code of the magnitude with {@code index} and a sign. */
  int codeAt(boolean negative, long index);

  /** The code of infinity with a sign, or NaN where there is none. */
  int overflowCode(boolean negative);

  /** The code that NaN is encoded to. */
  int nanCode(boolean negative);

  /** How many codes there are, 2^bits. */
  default long codes() {
    return 1L << bits();
  }

  /**
   * The code of {@code value}, rounded once.
   *
   * @param random 32 random bits for {@link Rounding#STOCHASTIC}, see {@link RandomBits}
   * @throws InputException for NaN, or for an overflow under {@link Overflow#IEEE}, in a format
   *     that has no code for it
   */
  default int encode(double value, Rounding rounding, Overflow overflow, long random) {
    boolean negative = Double.doubleToRawLongBits(value) < 0;
    if (Double.isNaN(value) || negative && !signed() && value != 0) {
      if (!hasNan()) {
        throw new InputException(
            name()
                + " has no NaN: expected a number, found "
                + value
                + "; remove it or clamp first");
      }
      return nanCode(negative);
    }
    double magnitude = Math.abs(value);
    boolean finite = magnitude <= Double.MAX_VALUE;
    long max = maxIndex(negative);
    long index = max + 1;
    if (finite) {
      Placement place = place(magnitude);
      boolean up = rounding.up(place.fraction(), place.lowerIsEven(), random);
      index = place.lower() + (up ? 1 : 0);
    }
    if (index <= max) {
      return codeAt(negative, index);
    }
    if (overflow == Overflow.SATURATE || finite && rounding == Rounding.TOWARD_ZERO) {
      return codeAt(negative, max);
    }
    if (!hasNan()) {
      throw new InputException(
          String.format(
              "%s has neither infinity nor NaN: expected a value within [%s, %s], found %s; saturate",
              name(), min(), max(), value));
    }
    return overflowCode(negative);
  }

  /** The code of {@code value}: nearest, ties to even, saturating. */
  default int encode(double value) {
    return encode(value, Rounding.NEAREST_EVEN, Overflow.SATURATE, 0);
  }

  /** {@code value} rounded to this format and back: nearest, ties to even, saturating. */
  default double round(double value) {
    return decode(encode(value));
  }
}
