package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * The sequence-wise balance loss (DeepSeek-V3, section 2.1.2, equations 17 to 20) and its gradient.
 * For a document of T rows f[i] = X / (K T) * (rows whose K largest scores, without bias and
 * groups, include expert i) and P[i] = mean over rows of scores[i] / (sum of the row's scores);
 * balance = sum over documents of T / N * sum over i of f[i] P[i], 1 where scores are equal.
 * dLogits += coefficient * dBalance, f held fixed.
 *
 * <p>{@code scores F32[N,X], firstRow I32[N], coefficient F32[1] -> balance F32[1], +dLogits
 * F32[N,X]}
 *
 * @param perToken K, experts that a row is routed to
 */
public record ExpertBalance(int perToken) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "scores F32[N,X], firstRow I32[N], coefficient F32[1] -> balance F32[1], +dLogits"
              + " F32[N,X]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }
}
