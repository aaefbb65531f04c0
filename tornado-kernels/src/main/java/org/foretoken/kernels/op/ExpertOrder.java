package org.foretoken.kernels.op;

import java.util.Map;
import org.foretoken.kernels.graph.Signature;

/**
 * Groups the N * K pairs of row and expert by expert, within an expert in ascending order of rows:
 * positions[n,k] is the grouped row of pair (n,k), segments says which grouped rows are whose; see
 * {@link Segments}.
 *
 * <p>{@code experts I32[N,K] -> positions I32[N,K], segments I32[X,3]}
 *
 * @param experts X, number of experts
 */
public record ExpertOrder(int experts) implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("experts I32[N,K] -> positions I32[N,K], segments I32[X,3]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public Map<String, Integer> bindings() {
    return Map.of("X", experts);
  }
}
