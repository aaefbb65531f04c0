package org.foretoken.fp8;

import java.util.ArrayList;
import java.util.List;

/**
 * One number on its way into a format, step by step.
 *
 * @param format the format
 * @param value the number
 * @param rounding how it is rounded
 * @param overflow what happens beyond the largest finite value
 * @param lower the neighbour not above the magnitude, with the number's sign; NaN for NaN, the
 *     largest finite value for what is beyond it
 * @param upper the next neighbour away from zero, with the number's sign; {@code lower} itself if
 *     the number is exact, infinity if there is no next one
 * @param tie whether the number lies exactly half way between the two
 * @param code the code that results
 * @param bits the code's fields as binary digits
 * @param rounded the code's value
 * @param ulp the gap between the neighbours
 * @param error {@code rounded - value}
 * @param steps the way there, in order
 */
public record Explanation(
    Format format,
    double value,
    Rounding rounding,
    Overflow overflow,
    double lower,
    double upper,
    boolean tie,
    int code,
    String bits,
    double rounded,
    double ulp,
    double error,
    List<Step> steps) {

  public Explanation {
    steps = List.copyOf(steps);
  }

  /** The error in units of the gap between the neighbours; at most 0.5 for a nearest rounding. */
  public double errorInUlps() {
    return error / ulp;
  }

  /** The error relative to the number. */
  public double relativeError() {
    return error == 0 ? 0 : error / value;
  }

  /** Explains {@code value} in {@code format}: nearest, ties to even, saturating. */
  public static Explanation of(Format format, double value) {
    return of(format, value, Rounding.NEAREST_EVEN, Overflow.SATURATE, 0);
  }

  /**
   * Explains {@code value} in {@code format}.
   *
   * @param random 32 random bits for {@link Rounding#STOCHASTIC}
   */
  public static Explanation of(
      Format format, double value, Rounding rounding, Overflow overflow, long random) {
    int code = format.encode(value, rounding, overflow, random);
    double rounded = format.decode(code);
    List<Step> steps = new ArrayList<>();
    steps.add(new Step("value", "the number as a double", text(value)));
    double lower = Double.NaN;
    double upper = Double.NaN;
    boolean tie = false;
    boolean negative = Double.doubleToRawLongBits(value) < 0;
    if (Math.abs(value) <= Double.MAX_VALUE && (format.signed() || value >= 0)) {
      double magnitude = Math.abs(value);
      Placement place = format.place(magnitude);
      double sign = negative ? -1 : 1;
      double below = at(format, negative, place.lower());
      double above = at(format, negative, place.lower() + 1);
      lower = sign * Math.min(below, limit(format, negative));
      upper = place.fraction() == 0 ? lower : sign * above;
      tie = place.fraction() == 0.5;
      describeFields(format, value, steps);
      if (place.lower() <= format.maxIndex(negative)) {
        describeRounding(format, place, rounding, random, lower, upper, tie, steps);
      }
    }
    describeOverflow(format, value, overflow, rounded, steps);
    double error = rounded - value;
    steps.add(
        new Step(
            "code",
            FormatTable.bits(format, code),
            String.format("0x%0" + (format.bits() + 3) / 4 + "X", code)));
    steps.add(new Step("rounded", "the code's value", text(rounded)));
    steps.add(new Step("error", text(rounded) + " - " + text(value), text(error)));
    return new Explanation(
        format,
        value,
        rounding,
        overflow,
        lower,
        upper,
        tie,
        code,
        FormatTable.bits(format, code),
        rounded,
        format.ulp(value),
        error,
        steps);
  }

  private static void describeFields(Format format, double value, List<Step> steps) {
    double magnitude = Math.abs(value);
    if (format.signed()) {
      boolean negative = Double.doubleToRawLongBits(value) < 0;
      steps.add(new Step("sign", negative ? "negative" : "positive", negative ? "1" : "0"));
    }
    if (magnitude == 0 || format.exponentBits() == 0) {
      return;
    }
    int exponent = Math.getExponent(magnitude);
    int smallest = Math.getExponent(format.minNormal());
    steps.add(
        new Step(
            "exponent",
            String.format("%s = %s * 2^%d", text(magnitude), significand(magnitude), exponent),
            Integer.toString(exponent)));
    if (exponent < smallest) {
      steps.add(
          new Step(
              "subnormal",
              String.format("below 2^%d the exponent stays %d", smallest, smallest),
              "exponent field 0"));
    } else if (magnitude <= format.max()) {
      steps.add(
          new Step(
              "exponent field",
              String.format("%d + bias %d", exponent, format.bias()),
              Integer.toString(exponent + format.bias())));
    }
  }

  private static void describeRounding(
      Format format,
      Placement place,
      Rounding rounding,
      long random,
      double lower,
      double upper,
      boolean tie,
      List<Step> steps) {
    steps.add(new Step("ulp", "gap between the neighbours", text(Math.abs(format.ulp(lower)))));
    if (place.fraction() == 0) {
      steps.add(new Step("neighbours", "the number is one of the format's", text(lower)));
      return;
    }
    steps.add(
        new Step("neighbours", text(lower) + " and " + text(upper), "share " + place.fraction()));
    boolean up = rounding.up(place.fraction(), place.lowerIsEven(), random);
    String rule =
        switch (rounding) {
          case NEAREST_EVEN ->
              tie ? "tie: to the even one" : "nearest: share " + (up ? "above" : "below") + " 0.5";
          case TOWARD_ZERO -> "toward zero";
          case STOCHASTIC ->
              String.format("up if %s > %s", place.fraction(), (random & 0xffff_ffffL) * 0x1p-32);
        };
    steps.add(new Step("rounding", rule, up ? "away from zero" : "toward zero"));
  }

  private static void describeOverflow(
      Format format, double value, Overflow overflow, double rounded, List<Step> steps) {
    if (Double.isNaN(value)) {
      steps.add(new Step("NaN", "NaN stays NaN", "NaN"));
    } else if (!format.signed() && value < 0) {
      steps.add(new Step("sign", "the format has no negative numbers", "NaN"));
    } else if (value > format.max() || value < format.min()) {
      String rule = overflow == Overflow.SATURATE ? "saturating" : "IEEE";
      steps.add(
          new Step(
              "range",
              rule + ": beyond " + text(Math.copySign(limit(format, value < 0), value)),
              text(rounded)));
    }
  }

  private static double limit(Format format, boolean negative) {
    return negative ? -format.min() : format.max();
  }

  /** The magnitude with {@code index}; infinity for the one after the last finite one. */
  private static double at(Format format, boolean negative, long index) {
    return index > format.maxIndex(negative)
        ? Double.POSITIVE_INFINITY
        : Math.abs(format.decode(format.codeAt(negative, index)));
  }

  private static String significand(double magnitude) {
    double significand = magnitude / Math.scalb(1.0, Math.getExponent(magnitude));
    return text(significand);
  }

  /** Integers without a fraction, all else as Java prints a double, which identifies it. */
  static String text(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9 && (value != 0 || 1 / value > 0)
        ? Long.toString((long) value)
        : Double.toString(value);
  }
}
