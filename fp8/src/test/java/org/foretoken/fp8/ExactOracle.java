package org.foretoken.fp8;

/**
 * What the codecs are held to, built another way: values from the fields with {@link Math#pow}, and
 * rounding by search through all values for the nearest one.
 */
final class ExactOracle {
  private ExactOracle() {}

  /** The magnitude that the fields of {@code code} stand for, special codes not considered. */
  static double magnitude(int code, int exponentBits, int mantissaBits, int bias) {
    int exponent = (code >> mantissaBits) % (1 << exponentBits);
    int mantissa = code % (1 << mantissaBits);
    double fraction = mantissa / Math.pow(2, mantissaBits);
    return exponent == 0
        ? Math.pow(2, 1 - bias) * fraction
        : Math.pow(2, exponent - bias) * (1 + fraction);
  }

  /**
   * The index of the value nearest to {@code magnitude} among {@code values} (ascending from zero,
   * index = code), ties to the even code. The last value is the first one that is not there any
   * more.
   */
  static int nearest(double magnitude, double[] values) {
    for (int code = 0; code < values.length - 1; code++) {
      double low = values[code];
      double high = values[code + 1];
      if (magnitude <= high) {
        double below = magnitude - low;
        double above = high - magnitude;
        if (below == above) {
          return code % 2 == 0 ? code : code + 1;
        }
        return below < above ? code : code + 1;
      }
    }
    return values.length - 1;
  }
}
