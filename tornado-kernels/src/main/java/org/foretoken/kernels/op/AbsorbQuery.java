package org.foretoken.kernels.op;

import java.util.Map;
import org.foretoken.kernels.graph.Signature;

/**
 * Queries of multi-head latent attention brought to the width of the latent, so that keys need not
 * be expanded (DeepSeek-V2, arXiv 2405.04434, section 2.1.2): y[s,h] = [q[s,h,:nope] W_UK[h] ;
 * q[s,h,nope:]], W_UK[h] the first nope of the nope + value rows of head h in the weight.
 *
 * <p>{@code q F32[S,Q], weight F32[W,L] -> y F32[S,Y]}
 *
 * @param heads heads H
 * @param nopeDim columns of a query head without positions
 * @param ropeDim columns of a query head with rotary positions
 * @param valueDim columns of a value head
 * @param latentDim columns of the latent L
 * @param precision how operands enter the product; accumulation is FP32
 */
public record AbsorbQuery(
    int heads, int nopeDim, int ropeDim, int valueDim, int latentDim, Precision precision)
    implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("q F32[S,Q], weight F32[W,L] -> y F32[S,Y]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public Map<String, Integer> bindings() {
    return Map.of(
        "Q",
        heads * (nopeDim + ropeDim),
        "W",
        heads * (nopeDim + valueDim),
        "L",
        latentDim,
        "Y",
        heads * (latentDim + ropeDim));
  }
}
