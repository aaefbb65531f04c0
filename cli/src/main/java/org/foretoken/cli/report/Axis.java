package org.foretoken.cli.report;

import java.util.ArrayList;
import java.util.List;

/**
 * An axis.
 *
 * @param low value at {@code begin}; its decimal logarithm where the axis is logarithmic
 * @param high value at {@code end}, or its logarithm
 * @param spacing distance of ticks
 * @param begin where it begins on the page
 * @param end where it ends
 * @param log whether it is logarithmic
 */
record Axis(double low, double high, double spacing, double begin, double end, boolean log) {
  /** An axis over at least {@code [low, high]} whose ticks are 1, 2 or 5 times a power of ten. */
  static Axis over(double low, double high, int ticks, double begin, double end) {
    double raw = (high - low) / ticks;
    double power = Math.pow(10, Math.floor(Math.log10(raw)));
    double mantissa = raw / power;
    double spacing = power * (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10);
    boolean horizontal = end > begin;
    double bottom = Math.floor(low / spacing + 1e-9) * spacing;
    double top = horizontal ? high : Math.ceil(high / spacing - 1e-9) * spacing;
    return new Axis(bottom, top, spacing, begin, end, false);
  }

  /** A logarithmic axis over whole powers of ten that hold {@code [low, high]}, both positive. */
  static Axis logarithmic(double low, double high, double begin, double end) {
    double bottom = Math.floor(Math.log10(low) + 1e-9);
    double top = Math.max(bottom + 1, Math.ceil(Math.log10(high) - 1e-9));
    return new Axis(bottom, top, Math.ceil((top - bottom) / 8), begin, end, true);
  }

  /** A logarithmic axis over {@code [low, high]} as it is, both positive, without ticks. */
  static Axis between(double low, double high, double begin, double end) {
    return new Axis(Math.log10(low), Math.log10(high), Double.POSITIVE_INFINITY, begin, end, true);
  }

  /** Where a value lies on the page; below a logarithmic axis, where it begins. */
  double at(double value) {
    double v = log ? Math.max(low, Math.log10(Math.max(value, 1e-300))) : value;
    return begin + (v - low) / (high - low) * (end - begin);
  }

  /** The values that have a tick. */
  List<Double> ticks() {
    List<Double> ticks = new ArrayList<>();
    for (int i = 0; low + i * spacing <= high + spacing * 1e-6; i++) {
      double v = low + i * spacing;
      ticks.add(log ? Math.pow(10, v) : Math.abs(v) < spacing * 1e-9 ? 0 : v);
    }
    return ticks;
  }
}
