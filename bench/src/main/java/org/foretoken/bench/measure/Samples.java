package org.foretoken.bench.measure;

import java.util.Arrays;

/**
 * Values of one quantity in the rounds of a case.
 *
 * @param values one for each round
 */
public record Samples(double... values) {
  /** Copies the values. */
  public Samples {
    values = values.clone();
    if (values.length == 0) {
      throw new IllegalArgumentException("samples: expected at least one, found none");
    }
  }

  @Override
  public double[] values() {
    return values.clone();
  }

  /** Middle value; the mean of the middle two where their number is even. */
  public double median() {
    return quantile(0.5);
  }

  /** Value below which a quarter lies. */
  public double lowerQuartile() {
    return quantile(0.25);
  }

  /** Value below which three quarters lie. */
  public double upperQuartile() {
    return quantile(0.75);
  }

  /** Distance of the quartiles as a share of the median. */
  public double spread() {
    return median() == 0 ? 0 : (upperQuartile() - lowerQuartile()) / Math.abs(median());
  }

  /** Largest value. */
  public double max() {
    return Arrays.stream(values).max().orElseThrow();
  }

  /** The quotient of each round: {@code this[i] / other[i]}. */
  public Samples over(Samples other) {
    double[] ratios = new double[values.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = values[i] / other.values[i];
    }
    return new Samples(ratios);
  }

  private double quantile(double share) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    double at = share * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(sorted.length - 1, below + 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
