package org.foretoken.model.experiment;

import java.util.Locale;

/** Numbers in the words of verdicts. */
final class Texts {
  private Texts() {}

  /** {@link String#format} in the same form in every locale. */
  static String of(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** {@code 1.87% (1.80 to 1.94)}. */
  static String percent(Interval i) {
    return percent(i.mean())
        + (i.count() < 2
            ? ""
            : " (" + number(100 * i.low()) + " to " + number(100 * i.high()) + ")");
  }

  /** {@code 0.30%}. */
  static String percent(double share) {
    return number(100 * share) + "%";
  }

  /** {@code -0.012 (-0.020 to -0.004)}. */
  static String interval(Interval i) {
    return number(i.mean())
        + (i.count() < 2 ? "" : " (" + number(i.low()) + " to " + number(i.high()) + ")");
  }

  /** Three significant digits, without an exponent where that is readable. */
  static String number(double value) {
    double size = Math.abs(value);
    if (size == 0 || !Double.isFinite(value)) {
      return size == 0 ? "0" : Double.toString(value);
    }
    if (size < 1e-4 || size >= 1e7) {
      return of("%.2e", value);
    }
    int digits = (int) Math.max(0, 2 - Math.floor(Math.log10(size)));
    return of("%,." + digits + "f", value);
  }

  /** {@code about 12 seeds}, or {@code 1000 seeds or more} where counting ended there. */
  static String seeds(int seeds, int most) {
    return seeds < most ? "about " + seeds + " seeds" : most + " seeds or more";
  }

  /** The interval in another unit. */
  static Interval scaled(Interval i, double by) {
    double low = Math.min(i.low() * by, i.high() * by);
    double high = Math.max(i.low() * by, i.high() * by);
    return new Interval(i.mean() * by, low, high, i.deviation() * Math.abs(by), i.count());
  }
}
