package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * bias[i] += speed where load[i] is below the mean load, -= speed where it is above it: balance
 * without an auxiliary loss (DeepSeek-V3, section 2.1.2).
 *
 * <p>{@code load F32[X] -> +bias F32[X]}
 *
 * @param speed gamma, the step
 */
public record ExpertBias(float speed) implements Op {
  private static final Signature SIGNATURE = Signature.parse("load F32[X] -> +bias F32[X]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
