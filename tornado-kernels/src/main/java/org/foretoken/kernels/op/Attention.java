package org.foretoken.kernels.op;

import java.util.Map;
import org.foretoken.kernels.graph.Signature;

/**
 * Causal attention over packed rows: row i attends to rows firstRow[i] .. i; o = softmax(scale * q
 * k^T) v by online softmax, lse = log of the softmax's denominator (with its maximum), per row and
 * head.
 *
 * <p>{@code q F32[N,Q], k F32[N,K], v F32[N,V], firstRow I32[N] -> o F32[N,O], lse F32[N,H]}
 *
 * @param heads query heads H
 * @param kvHeads key/value heads, a divisor of heads
 * @param headDim query and key width of a head
 * @param valueDim value width of a head
 * @param scale factor on the scores
 */
public record Attention(int heads, int kvHeads, int headDim, int valueDim, float scale)
    implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "q F32[N,Q], k F32[N,K], v F32[N,V], firstRow I32[N] -> o F32[N,O], lse F32[N,H]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public Map<String, Integer> bindings() {
    return Map.of(
        "Q",
        heads * headDim,
        "K",
        kvHeads * headDim,
        "V",
        kvHeads * valueDim,
        "O",
        heads * valueDim,
        "H",
        heads);
  }
}
