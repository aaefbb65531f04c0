package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * y = gate * sigmoid(gate) * up.
 *
 * <p>{@code gate F32[N,F], up F32[N,F] -> y F32[N,F]}
 */
public record SwiGlu() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("gate F32[N,F], up F32[N,F] -> y F32[N,F]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
