package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * {@link Quantize} in 1x128 and in 128x1 groups from one read of x: the first feeds fprop or dgrad,
 * the second wgrad.
 *
 * <p>{@code x F32[M,K] -> rowCodes E4M3|E5M2[M,K], rowScales F32[M,K/128], columnCodes
 * E4M3|E5M2[M,K], columnScales F32[M/128,K]}
 *
 * @param powerOfTwo round each scale up to a power of two
 */
public record QuantizeBoth(boolean powerOfTwo) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "x F32[M,K] -> rowCodes E4M3|E5M2[M,K], rowScales F32[M,K/128], columnCodes E4M3|E5M2[M,K], columnScales F32[M/128,K]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
