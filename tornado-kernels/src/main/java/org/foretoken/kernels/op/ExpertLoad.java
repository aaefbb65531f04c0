package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * load[i] += rows of expert i: what the balancing bias goes by.
 *
 * <p>{@code segments I32[X,3] -> +load F32[X]}
 */
public record ExpertLoad() implements Op {
  private static final Signature SIGNATURE = Signature.parse("segments I32[X,3] -> +load F32[X]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
