package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * {@link Quantize} in 128x128 blocks of each expert's matrix: blocks start anew with each expert.
 *
 * <p>{@code x F32[X,N,K] -> codes E4M3|E5M2[X,N,K], scales F32[X,N/128,K/128]}
 *
 * @param powerOfTwo round each scale up to a power of two
 */
public record QuantizeExperts(boolean powerOfTwo) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("x F32[X,N,K] -> codes E4M3|E5M2[X,N,K], scales F32[X,N/128,K/128]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
