package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * y = x / sqrt(mean(x^2) + eps) * weight, row by row; rstd = 1 / sqrt(mean(x^2) + eps).
 *
 * <p>{@code x F32[N,E], weight F32[E] -> y F32[N,E], rstd F32[N]}
 *
 * @param eps added to the mean square
 */
public record RmsNorm(float eps) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("x F32[N,E], weight F32[E] -> y F32[N,E], rstd F32[N]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
