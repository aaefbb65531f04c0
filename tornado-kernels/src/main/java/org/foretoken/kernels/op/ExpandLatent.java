package org.foretoken.kernels.op;

import java.util.Map;
import org.foretoken.kernels.graph.Signature;

/**
 * Values of multi-head latent attention from what each head has gathered of the latents: y[s,h] =
 * W_UV[h] o[s,h], W_UV[h] the last value of the nope + value rows of head h in the weight. The
 * other half of {@link AbsorbQuery}.
 *
 * <p>{@code o F32[S,O], weight F32[W,L] -> y F32[S,V]}
 *
 * @param heads heads H
 * @param nopeDim columns of a key head without positions
 * @param valueDim columns of a value head
 * @param latentDim columns of the latent L
 * @param precision how operands enter the product; accumulation is FP32
 */
public record ExpandLatent(int heads, int nopeDim, int valueDim, int latentDim, Precision precision)
    implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("o F32[S,O], weight F32[W,L] -> y F32[S,V]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public Map<String, Integer> bindings() {
    return Map.of(
        "O",
        heads * latentDim,
        "W",
        heads * (nopeDim + valueDim),
        "L",
        latentDim,
        "V",
        heads * valueDim);
  }
}
