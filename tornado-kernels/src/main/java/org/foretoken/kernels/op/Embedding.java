package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * y[i] = table[ids[i]]: token embedding look-up.
 *
 * <p>{@code ids I32[N], table F32[V,E] -> y F32[N,E]}
 */
public record Embedding() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("ids I32[N], table F32[V,E] -> y F32[N,E]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
