package org.foretoken.kernels.op;

import java.util.Map;
import org.foretoken.kernels.graph.Signature;

/**
 * Gradient of {@link LatentHeads}: dkv[i,h] = [dk[i,h,:nope] ; dv[i,h]], dkRope[i] = sum over h of
 * dk[i,h,nope:], heads added in ascending order.
 *
 * <p>{@code dk F32[N,K], dv F32[N,V] -> dkv F32[N,B], dkRope F32[N,R]}
 *
 * @param heads heads H
 * @param nopeDim columns of a key head without positions
 * @param ropeDim columns of a key head with rotary positions
 * @param valueDim columns of a value head
 */
public record LatentHeadsGrad(int heads, int nopeDim, int ropeDim, int valueDim) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("dk F32[N,K], dv F32[N,V] -> dkv F32[N,B], dkRope F32[N,R]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public Map<String, Integer> bindings() {
    return new LatentHeads(heads, nopeDim, ropeDim, valueDim).bindings();
  }
}
