package org.foretoken.fp8;

/**
 * What a round trip through a format costs, gathered value by value; parts of a tensor can be
 * gathered apart and merged. Not safe for use from several threads.
 */
public final class ErrorStatistics {
  private long count;
  private long saturated;
  private long underflowed;
  private double sumSquares;
  private double sumRoundTripSquares;
  private double sumProducts;
  private double sumErrorSquares;
  private double largestError;
  private long nonZero;
  private double sumRelativeErrors;

  /** Statistics over a whole tensor. */
  public static ErrorStatistics of(float[] values, Fp8Tensor tensor) {
    ErrorStatistics statistics = new ErrorStatistics();
    Format element = tensor.recipe().element();
    for (int row = 0; row < tensor.rows(); row++) {
      for (int column = 0; column < tensor.columns(); column++) {
        statistics.add(
            values[row * tensor.columns() + column],
            tensor.value(row, column),
            tensor.scale(row, column),
            element);
      }
    }
    return statistics;
  }

  /**
   * Adds one value; NaN is left out.
   *
   * @param value what was quantized
   * @param roundTrip what came back
   * @param scale the value's scale
   * @param element format of the code
   */
  public void add(float value, float roundTrip, float scale, Format element) {
    add(value, roundTrip, saturationLimit(element) * scale);
  }

  /** Magnitude of a quotient value / scale from which on it rounds past the largest code. */
  public static double saturationLimit(Format element) {
    return element.max() + element.ulp(element.max()) / 2;
  }

  /**
   * Adds one value; NaN is left out.
   *
   * @param value what was quantized
   * @param roundTrip what came back
   * @param limit {@link #saturationLimit} times the value's scale
   */
  public void add(float value, float roundTrip, double limit) {
    if (Float.isNaN(value)) {
      return;
    }
    count++;
    saturated += Math.abs((double) value) > limit ? 1 : 0;
    underflowed += roundTrip == 0 && value != 0 ? 1 : 0;
    double error = (double) roundTrip - value;
    sumSquares += (double) value * value;
    sumRoundTripSquares += (double) roundTrip * roundTrip;
    sumProducts += (double) value * roundTrip;
    sumErrorSquares += error * error;
    largestError = Math.max(largestError, Math.abs(error));
    if (value != 0) {
      nonZero++;
      sumRelativeErrors += Math.abs(error / value);
    }
  }

  /** Adds all that {@code other} has gathered. */
  public void merge(ErrorStatistics other) {
    count += other.count;
    saturated += other.saturated;
    underflowed += other.underflowed;
    sumSquares += other.sumSquares;
    sumRoundTripSquares += other.sumRoundTripSquares;
    sumProducts += other.sumProducts;
    sumErrorSquares += other.sumErrorSquares;
    largestError = Math.max(largestError, other.largestError);
    nonZero += other.nonZero;
    sumRelativeErrors += other.sumRelativeErrors;
  }

  /** Values gathered. */
  public long count() {
    return count;
  }

  /**
   * Signal-to-quantization-noise ratio, 10 log10(sum x^2 / sum error^2), in dB; infinite if exact.
   */
  public double sqnrDecibels() {
    return sumErrorSquares == 0
        ? Double.POSITIVE_INFINITY
        : 10 * Math.log10(sumSquares / sumErrorSquares);
  }

  /** Largest magnitude of an error. */
  public double largestError() {
    return largestError;
  }

  /**
   * Mean of |error / value| over the values that are not zero; large values do not drown small
   * ones.
   */
  public double meanRelativeError() {
    return nonZero == 0 ? 0 : sumRelativeErrors / nonZero;
  }

  /** Root mean square of the errors. */
  public double rootMeanSquareError() {
    return count == 0 ? 0 : Math.sqrt(sumErrorSquares / count);
  }

  /** DeepGEMM's measure of difference, 1 - 2 sum(xy) / (sum(xx) + sum(yy)); 0 for zeros. */
  public double difference() {
    double squares = sumSquares + sumRoundTripSquares;
    return squares == 0 ? 0 : 1 - 2 * sumProducts / squares;
  }

  /** Share of the values that round past the largest code. */
  public double saturationShare() {
    return count == 0 ? 0 : (double) saturated / count;
  }

  /** Share of the values that are not zero and come back as zero. */
  public double underflowShare() {
    return count == 0 ? 0 : (double) underflowed / count;
  }
}
