package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * dUp = dy * silu(gate); dGate = dy * up * sigmoid(gate) * (1 + gate * (1 - sigmoid(gate))).
 *
 * <p>{@code gate F32[N,F], up F32[N,F], dy F32[N,F] -> dGate F32[N,F], dUp F32[N,F]}
 */
public record SwiGluGrad() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("gate F32[N,F], up F32[N,F], dy F32[N,F] -> dGate F32[N,F], dUp F32[N,F]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
