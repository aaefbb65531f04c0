package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * AdamW with decoupled weight decay on FP32 master weights; moments in FP32 or BF16. hyper =
 * {learning rate, beta1, beta2, epsilon, weight decay, 1 - beta1^t, 1 - beta2^t, largest gradient
 * norm}; the gradient is scaled by min(1, largest / sqrt(sumSquares)), or by 1 where largest is 0.
 *
 * <p>{@code grad F32[*], hyper F32[8], sumSquares F32[1] -> +param F32[*], +m F32|BF16[*], +v
 * F32|BF16[*]}
 *
 * @param decay whether weight decay applies: matrices yes, norms no
 */
public record AdamW(boolean decay) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "grad F32[*], hyper F32[8], sumSquares F32[1] -> +param F32[*], +m F32|BF16[*], +v F32|BF16[*]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
