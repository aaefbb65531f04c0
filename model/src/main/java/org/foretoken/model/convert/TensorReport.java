package org.foretoken.model.convert;

import java.util.Comparator;
import java.util.List;
import org.foretoken.fp8.ErrorStatistics;

/**
 * What the quantization of one tensor costs.
 *
 * @param tensor name of the weight
 * @param shard file that it lies in
 * @param rows extent
 * @param columns extent
 * @param sqnrDecibels signal-to-quantization-noise ratio in dB; infinite if exact
 * @param largestError largest magnitude of an error
 * @param saturationShare share of values beyond the largest code
 * @param underflowShare share of values that are not zero and become zero
 */
public record TensorReport(
    String tensor,
    String shard,
    long rows,
    long columns,
    double sqnrDecibels,
    double largestError,
    double saturationShare,
    double underflowShare) {
  /** Worst first: by SQNR, then by largest error, then by name. */
  public static final Comparator<TensorReport> WORST_FIRST =
      Comparator.comparingDouble(TensorReport::sqnrDecibels)
          .thenComparing(Comparator.comparingDouble(TensorReport::largestError).reversed())
          .thenComparing(TensorReport::tensor);

  static TensorReport of(
      String tensor, String shard, long rows, long columns, ErrorStatistics statistics) {
    return new TensorReport(
        tensor,
        shard,
        rows,
        columns,
        statistics.sqnrDecibels(),
        statistics.largestError(),
        statistics.saturationShare(),
        statistics.underflowShare());
  }

  /** {@code reports}, worst first. */
  static List<TensorReport> sorted(List<TensorReport> reports) {
    return reports.stream().sorted(WORST_FIRST).toList();
  }
}
