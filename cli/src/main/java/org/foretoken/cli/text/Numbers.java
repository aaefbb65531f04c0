package org.foretoken.cli.text;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Numbers for people, in the same form everywhere and in every locale. */
public final class Numbers {
  private Numbers() {}

  /** {@code 614,400}. */
  public static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** {@code 3.94 M}: three significant digits. */
  public static String rounded(double value) {
    double size = Math.abs(value);
    if (size >= 1e9) {
      return significant(value / 1e9) + " G";
    }
    if (size >= 1e6) {
      return significant(value / 1e6) + " M";
    }
    if (size >= 1e4) {
      return significant(value / 1e3) + " k";
    }
    return size >= 100 || size == 0 ? count(Math.round(value)) : significant(value);
  }

  /** {@code 2.5e-4}. */
  public static String scientific(double value) {
    return value == 0
        ? "0"
        : String.format(Locale.ROOT, "%.1e", value).replaceFirst("e([-+])0*(\\d)", "e$1$2");
  }

  private static String significant(double value) {
    double size = Math.abs(value);
    int digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
    return fixed(value, digits);
  }

  /** {@code 61.8 MiB}. */
  public static String bytes(long value) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB"};
    double v = value;
    int unit = 0;
    while (v >= 1024 && unit < units.length - 1) {
      v /= 1024;
      unit++;
    }
    return (unit == 0 ? Long.toString(value) : significant(v)) + " " + units[unit];
  }

  /** With a fixed number of decimals. */
  public static String fixed(double value, int decimals) {
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  /** {@code 71.2 %}. */
  public static String percent(double share) {
    return fixed(100 * share, 1) + " %";
  }

  /** {@code 2:05} or {@code 1:02:05}. */
  public static String duration(double seconds) {
    long s = Math.round(seconds);
    return s < 3600
        ? String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60)
        : String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
  }

  /** Values with a fixed number of decimals, separated by blanks. */
  public static String list(List<Double> values, int decimals) {
    return values.stream().map(v -> fixed(v, decimals)).collect(Collectors.joining(" "));
  }
}
