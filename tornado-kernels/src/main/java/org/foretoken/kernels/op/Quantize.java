package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * scale = amax / max(format) over each group (1 for a group of zeros); codes = RNE(x / scale),
 * saturating. The format is the type of codes.
 *
 * @param tile the group of values that shares a scale
 * @param powerOfTwo round each scale up to a power of two
 */
public record Quantize(Tile tile, boolean powerOfTwo) implements Op {
  @Override
  public Signature signature() {
    return Signature.parse(
        "x F32[M,K] -> codes E4M3|E5M2|E5M6[M,K], scales F32" + tile.scaleShape());
  }
}
