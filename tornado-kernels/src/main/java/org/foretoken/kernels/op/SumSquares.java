package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * sum += sum of x^2 (accumulated in double on the host): a term of the global gradient norm.
 *
 * <p>{@code x F32[*] -> +sum F32[1]}
 */
public record SumSquares() implements Op {
  private static final Signature SIGNATURE = Signature.parse("x F32[*] -> +sum F32[1]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
