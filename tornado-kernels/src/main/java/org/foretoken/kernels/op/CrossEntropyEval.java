package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * {@link CrossEntropyHead} without gradients, and with the loss of each row (0 where target < 0).
 *
 * <p>{@code hidden F32[N,E], weight F32[V,E], targets I32[N] -> stats F32[4], nll F32[N]}
 *
 * @param precision how operands enter the head's product
 */
public record CrossEntropyEval(Precision precision) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "hidden F32[N,E], weight F32[V,E], targets I32[N] -> stats F32[4], nll F32[N]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
