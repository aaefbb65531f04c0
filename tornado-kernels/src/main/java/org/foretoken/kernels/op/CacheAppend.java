package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * cache[slots[s]] = x[s]: new keys, values or latents enter a cache.
 *
 * <p>{@code x F32[S,C], slots I32[S] -> +cache F32[M,C]}
 */
public record CacheAppend() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("x F32[S,C], slots I32[S] -> +cache F32[M,C]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
