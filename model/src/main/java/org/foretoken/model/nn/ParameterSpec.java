package org.foretoken.model.nn;

import org.foretoken.kernels.graph.Shape;

/**
 * A trained tensor of a model.
 *
 * @param name name in checkpoints, after DeepSeek-V3's published weights
 * @param shape extents; matrices are [out, in]
 * @param init how it starts
 */
public record ParameterSpec(String name, Shape shape, Init init) {
  /** How a parameter starts, and with it whether weight decay applies. */
  public enum Init {
    /** Normal with the configuration's standard deviation; decays. */
    NORMAL,
    /** Normal, divided by sqrt(2 * layers): projections back into the residual stream; decays. */
    NORMAL_RESIDUAL,
    /** Ones: norm weights; no decay. */
    ONES
  }

  /** Whether AdamW's weight decay applies. */
  public boolean decay() {
    return init != Init.ONES;
  }

  /** Number of elements. */
  public long elements() {
    return shape.elements();
  }
}
