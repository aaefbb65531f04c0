package org.foretoken.kernels.op;

import java.util.Map;
import org.foretoken.kernels.graph.Signature;

/**
 * Attention of new rows to cache rows begins[s] (inclusive) .. ends[s] (exclusive); every bit equal
 * to the same row of {@link Attention}.
 *
 * <p>{@code q F32[S,Q], keyCache F32[M,K], valueCache F32[M,V], begins I32[S], ends I32[S] -> o
 * F32[S,O]}
 *
 * @param heads query heads H
 * @param kvHeads key/value heads, a divisor of heads
 * @param headDim query and key width of a head
 * @param valueDim value width of a head
 * @param scale factor on the scores
 */
public record CachedAttention(int heads, int kvHeads, int headDim, int valueDim, float scale)
    implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "q F32[S,Q], keyCache F32[M,K], valueCache F32[M,V], begins I32[S], ends I32[S] -> o F32[S,O]");

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
        heads * valueDim);
  }
}
