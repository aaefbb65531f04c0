package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * y = 0.
 *
 * <p>{@code -> y F32[*]}
 */
public record Zero() implements Op {
  private static final Signature SIGNATURE = Signature.parse("-> y F32[*]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
