package org.foretoken.kernels.reference;

import java.util.Locale;

/**
 * How far a tensor is from what was expected.
 *
 * @param similarity 1 - 2 sum(xy) / (sum(xx) + sum(yy)), computed as sum((x - y)^2) / (sum(xx) +
 *     sum(yy)), which is the same and does not cancel; 0 for equal tensors, 2 for opposite ones
 * @param max largest |x - y| over the largest |expected|
 * @param mismatches elements that differ in any bit; a NaN is equal to a NaN
 * @param worstIndex element of the largest difference, -1 where there is none
 * @param expected its value as expected
 * @param found its value as found
 */
public record TensorError(
    double similarity, double max, long mismatches, int worstIndex, double expected, double found) {

  /** Compares {@code y} with the expected {@code x}. A NaN on one side alone is infinitely far. */
  public static TensorError between(double[] x, double[] y) {
    if (x.length != y.length) {
      throw new IllegalArgumentException("expected " + x.length + " elements, found " + y.length);
    }
    double squaredDifference = 0;
    double squares = 0;
    double largest = 0;
    double largestDifference = 0;
    long mismatches = 0;
    int worst = -1;
    for (int i = 0; i < x.length; i++) {
      double size = Math.max(Math.abs(x[i]), Math.abs(y[i]));
      if (Double.isFinite(size)) {
        squares += x[i] * x[i] + y[i] * y[i];
        largest = Math.max(largest, Math.abs(x[i]));
      }
      // Distinguishes the zeros, and takes every NaN for the same.
      if (Double.compare(x[i], y[i]) == 0) {
        continue;
      }
      mismatches++;
      double difference = Double.isFinite(size) ? Math.abs(x[i] - y[i]) : Double.POSITIVE_INFINITY;
      squaredDifference += difference * difference;
      if (worst < 0 || difference > largestDifference) {
        largestDifference = difference;
        worst = i;
      }
    }
    return new TensorError(
        ratio(squaredDifference, squares),
        ratio(largestDifference, largest),
        mismatches,
        worst,
        worst < 0 ? 0 : x[worst],
        worst < 0 ? 0 : y[worst]);
  }

  private static double ratio(double error, double size) {
    return error == 0 ? 0 : error / size;
  }

  @Override
  public String toString() {
    return mismatches == 0
        ? "equal"
        : String.format(
            Locale.ROOT,
            "similarity %.1e, max %.1e, %d elements differ, most [%d]: expected %.9g, found %.9g",
            similarity,
            max,
            mismatches,
            worstIndex,
            expected,
            found);
  }
}
