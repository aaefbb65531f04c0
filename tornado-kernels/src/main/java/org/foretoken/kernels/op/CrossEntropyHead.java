package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * Output head and cross-entropy, fused so that the logits exist only for a chunk of rows at a time:
 * loss = mean over rows with target >= 0 of -log softmax(hidden weight^T)[target]; the gradients
 * are those of coefficient * loss. stats = {sum of losses, rows counted, rows whose largest logit
 * is the target, 0}.
 *
 * <p>{@code hidden F32[N,E], weight F32[V,E], targets I32[N], coefficient F32[1] -> stats F32[4],
 * dHidden F32[N,E], +dWeight F32[V,E]}
 *
 * @param precision how operands enter the head's products
 */
public record CrossEntropyHead(Precision precision) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "hidden F32[N,E], weight F32[V,E], targets I32[N], coefficient F32[1] -> stats F32[4], dHidden F32[N,E], +dWeight F32[V,E]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
