package org.foretoken.model.train;

import java.util.ArrayList;
import java.util.List;

/**
 * How the rows of a step were spread over the experts, for each network that routes.
 *
 * @param step steps done
 * @param layers the networks, trunk first; the MTP module of depth k is block {@code layers + k -
 *     1}
 */
public record RoutingMetrics(int step, List<Layer> layers) {
  /**
   * One network.
   *
   * @param layer its block
   * @param load share of the routed rows that went to each expert; sums to 1
   * @param maxViolation MaxVio (arXiv 2408.15664): the largest load over the mean load, less 1; 0
   *     is perfect balance
   * @param entropy of the loads over its largest value ln X; 1 is perfect balance
   */
  public record Layer(int layer, List<Double> load, double maxViolation, double entropy) {
    /** The figures of loads in rows. */
    public static Layer of(int layer, float[] rows) {
      double sum = 0;
      double most = 0;
      for (float r : rows) {
        sum += r;
        most = Math.max(most, r);
      }
      List<Double> load = new ArrayList<>();
      double entropy = 0;
      for (float r : rows) {
        double share = sum == 0 ? 0 : r / sum;
        load.add(share);
        entropy -= share == 0 ? 0 : share * Math.log(share);
      }
      double mean = sum / rows.length;
      return new Layer(
          layer,
          List.copyOf(load),
          sum == 0 ? 0 : most / mean - 1,
          rows.length == 1 ? 1 : entropy / Math.log(rows.length));
    }
  }
}
