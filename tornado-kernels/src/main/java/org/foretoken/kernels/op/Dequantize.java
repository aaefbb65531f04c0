package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * x = codes * scale.
 *
 * @param tile the group of values that shares a scale
 */
public record Dequantize(Tile tile) implements Op {
  @Override
  public Signature signature() {
    return Signature.parse(
        "codes E4M3|E5M2|E5M6[M,K], scales F32" + tile.scaleShape() + " -> x F32[M,K]");
  }
}
