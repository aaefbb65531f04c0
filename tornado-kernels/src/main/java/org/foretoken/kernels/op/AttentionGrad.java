package org.foretoken.kernels.op;

import java.util.Map;
import org.foretoken.kernels.graph.Signature;

/**
 * Gradient of {@link Attention}, probabilities recomputed from lse; firstRow must be non-
 * decreasing and constant within a document.
 *
 * <p>{@code q F32[N,Q], k F32[N,K], v F32[N,V], firstRow I32[N], o F32[N,O], lse F32[N,H], dO
 * F32[N,O] -> dq F32[N,Q], dk F32[N,K], dv F32[N,V]}
 *
 * @param heads query heads H
 * @param kvHeads key/value heads, a divisor of heads
 * @param headDim query and key width of a head
 * @param valueDim value width of a head
 * @param scale factor on the scores
 */
public record AttentionGrad(int heads, int kvHeads, int headDim, int valueDim, float scale)
    implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "q F32[N,Q], k F32[N,K], v F32[N,V], firstRow I32[N], o F32[N,O], lse F32[N,H], dO F32[N,O] -> dq F32[N,Q], dk F32[N,K], dv F32[N,V]");

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
