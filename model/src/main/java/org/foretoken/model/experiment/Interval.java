package org.foretoken.model.experiment;

import java.util.List;
import org.apache.commons.math3.distribution.TDistribution;
import org.apache.commons.math3.stat.descriptive.SummaryStatistics;

/**
 * A mean over seeds with its Student t interval.
 *
 * @param mean the mean
 * @param low lower limit; the mean itself where there are fewer than two values
 * @param high upper limit
 * @param deviation standard deviation of the values
 * @param count number of values
 */
public record Interval(double mean, double low, double high, double deviation, int count) {
  /** The confidence of every interval that does not say otherwise. */
  public static final double CONFIDENCE = 0.95;

  /** The 95% interval of the mean of {@code values}. */
  public static Interval of(List<Double> values) {
    return of(values, CONFIDENCE);
  }

  /**
   * The interval of the mean of {@code values}.
   *
   * @param confidence such as 0.95
   */
  public static Interval of(List<Double> values, double confidence) {
    SummaryStatistics statistics = new SummaryStatistics();
    values.forEach(statistics::addValue);
    double mean = statistics.getMean();
    int n = values.size();
    if (n < 2) {
      return new Interval(mean, mean, mean, 0, n);
    }
    double deviation = statistics.getStandardDeviation();
    double half = quantile(n, confidence) * deviation / Math.sqrt(n);
    return new Interval(mean, mean - half, mean + half, deviation, n);
  }

  /** The two-sided Student t quantile for {@code n} values. */
  private static double quantile(int n, double confidence) {
    return new TDistribution(n - 1.0).inverseCumulativeProbability((1 + confidence) / 2);
  }

  /**
   * Seeds after which the interval would lie on one side of {@code bound}, if mean and deviation
   * stay what they are; at most {@code most}, which then means "not within reach".
   */
  public int seedsToDecide(double bound, int most) {
    double distance = Math.abs(mean - bound);
    for (int n = Math.max(2, count); n < most; n++) {
      if (quantile(n, CONFIDENCE) * deviation / Math.sqrt(n) < distance) {
        return n;
      }
    }
    return most;
  }

  /** Whether the whole interval is below {@code bound}. */
  public boolean below(double bound) {
    return high < bound;
  }

  /** Whether the whole interval is above {@code bound}. */
  public boolean above(double bound) {
    return low > bound;
  }
}
