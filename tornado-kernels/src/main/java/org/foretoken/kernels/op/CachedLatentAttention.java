package org.foretoken.kernels.op;

import java.util.Map;
import org.foretoken.kernels.graph.Signature;

/**
 * Attention of new rows to cache rows begins[s] (inclusive) .. ends[s] (exclusive), where a cache
 * row is key and value of all heads at once: its key is all of it, its value the latent, which
 * comes first. o[s,h] = softmax(scale * q[s,h] cache^T) cache[:,:latent].
 *
 * <p>{@code q F32[S,Q], cache F32[M,C], begins I32[S], ends I32[S] -> o F32[S,O]}
 *
 * @param heads query heads H
 * @param latentDim columns of the latent, and of a head's result
 * @param ropeDim columns of the rotary key behind it
 * @param scale factor on the scores
 */
public record CachedLatentAttention(int heads, int latentDim, int ropeDim, float scale)
    implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("q F32[S,Q], cache F32[M,C], begins I32[S], ends I32[S] -> o F32[S,O]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public Map<String, Integer> bindings() {
    return Map.of(
        "Q", heads * (latentDim + ropeDim), "C", latentDim + ropeDim, "O", heads * latentDim);
  }
}
