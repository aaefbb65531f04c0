package uk.ac.manchester.tornado.api.types;

/** Exponent and mantissa arithmetic of a small binary float, without its special values. */
record Minifloat(int mantissaBits, int bias) {

  /** The value of an 8-bit pattern, subnormals included. */
  float decode(byte bits) {
    int exponent = (bits & 0x7F) >> mantissaBits;
    int mantissa = bits & ((1 << mantissaBits) - 1);
    int significand = exponent == 0 ? mantissa : mantissa + (1 << mantissaBits);
    float magnitude = Math.scalb((float) significand, Math.max(exponent, 1) - bias - mantissaBits);
    return bits < 0 ? -magnitude : magnitude;
  }

  /** Exponent and mantissa field of {@code |value|}, nearest, ties away from zero. */
  int encodeMagnitude(float value) {
    double magnitude = Math.abs((double) value);
    int exponent = Math.max(Math.getExponent(magnitude), 1 - bias);
    int significand = (int) (Math.scalb(magnitude, mantissaBits - exponent) + 0.5);
    return ((exponent + bias - 1) << mantissaBits) + significand;
  }
}
