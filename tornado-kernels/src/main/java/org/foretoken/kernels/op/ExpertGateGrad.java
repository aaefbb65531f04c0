package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * Gradient of {@link ExpertGate}'s gates in its logits, the selection held fixed: dScores = scale /
 * sum * (dGates - sum over k of dGates[k] * scores[k] / sum) for the selected, or scale * dGates
 * without normalising; dLogits = dScores * scores * (1 - scores), 0 for the others.
 *
 * <p>{@code scores F32[N,X], experts I32[N,K], dGates F32[N,K] -> dLogits F32[N,X]}
 *
 * @param normalize whether gates were divided by the sum of the selected scores
 * @param scale factor on the gates
 */
public record ExpertGateGrad(boolean normalize, float scale) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("scores F32[N,X], experts I32[N,K], dGates F32[N,K] -> dLogits F32[N,X]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
