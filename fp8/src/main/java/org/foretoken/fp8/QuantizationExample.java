package org.foretoken.fp8;

import java.util.List;

/**
 * A worked example of quantization: how the scales come about, and what becomes of every value.
 *
 * @param title what is shown
 * @param steps from the values to the scales, in order
 * @param values what becomes of each value, row by row of the matrix
 * @param rows rows of the matrix
 * @param columns columns of the matrix
 * @param sqnrDecibels signal-to-quantization-noise ratio of the whole; one large value decides it
 * @param meanRelativeError mean of |error / value| over the values that are not zero
 * @param underflowShare share of the values that are lost to zero
 */
public record QuantizationExample(
    String title,
    List<Step> steps,
    List<Value> values,
    int rows,
    int columns,
    double sqnrDecibels,
    double meanRelativeError,
    double underflowShare) {

  public QuantizationExample {
    steps = List.copyOf(steps);
    values = List.copyOf(values);
  }

  /**
   * One value's way.
   *
   * @param value the value
   * @param scale the scale of its group
   * @param quotient value / scale
   * @param code the code
   * @param bits the code as binary digits
   * @param roundTrip the value that comes back
   */
  public record Value(
      float value, float scale, float quotient, int code, String bits, float roundTrip) {
    /** What the round trip costs. */
    public float error() {
      return roundTrip - value;
    }
  }
}
