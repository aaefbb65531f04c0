package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * dTable[ids[i]] += dy[i], rows of equal id added in ascending order of i.
 *
 * <p>{@code ids I32[N], dy F32[N,E] -> +dTable F32[V,E]}
 */
public record EmbeddingGrad() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("ids I32[N], dy F32[N,E] -> +dTable F32[V,E]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
