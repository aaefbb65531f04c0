package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * dx = rstd * (dy*weight - x * rstd^2 * mean(dy*weight*x)); dWeight += sum over rows of dy * x *
 * rstd.
 *
 * <p>{@code x F32[N,E], weight F32[E], rstd F32[N], dy F32[N,E] -> dx F32[N,E], +dWeight F32[E]}
 */
public record RmsNormGrad() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "x F32[N,E], weight F32[E], rstd F32[N], dy F32[N,E] -> dx F32[N,E], +dWeight F32[E]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
