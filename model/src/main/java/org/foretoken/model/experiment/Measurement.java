package org.foretoken.model.experiment;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What one arm measured with one seed.
 *
 * @param values single numbers by name
 * @param series lists of numbers by name, such as one number a position
 */
public record Measurement(Map<String, Double> values, Map<String, List<Double>> series) {
  public Measurement {
    values = new TreeMap<>(values);
    series = new TreeMap<>(series);
  }

  /** Single numbers only. */
  public static Measurement of(Map<String, Double> values) {
    return new Measurement(values, Map.of());
  }
}
