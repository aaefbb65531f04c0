package org.foretoken.kernels.op;

import java.util.Map;
import org.foretoken.kernels.graph.Signature;

/**
 * The keys and values of multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, equations 12
 * to 17) from the expanded latent and the one rotary key that all heads share: k[i,h] =
 * [kv[i,h,:nope] ; kRope[i]], v[i,h] = kv[i,h,nope:].
 *
 * <p>{@code kv F32[N,B], kRope F32[N,R] -> k F32[N,K], v F32[N,V]}
 *
 * @param heads heads H
 * @param nopeDim columns of a key head without positions
 * @param ropeDim columns of a key head with rotary positions
 * @param valueDim columns of a value head
 */
public record LatentHeads(int heads, int nopeDim, int ropeDim, int valueDim) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("kv F32[N,B], kRope F32[N,R] -> k F32[N,K], v F32[N,V]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public Map<String, Integer> bindings() {
    return Map.of(
        "B",
        heads * (nopeDim + valueDim),
        "R",
        ropeDim,
        "K",
        heads * (nopeDim + ropeDim),
        "V",
        heads * valueDim);
  }
}
