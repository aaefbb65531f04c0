package org.foretoken.kernels.op;

import java.util.List;
import java.util.Map;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * The router of DeepSeekMoE (DeepSeek-V3, section 2.1.2, equations 13 to 16): scores =
 * sigmoid(logits); each row selects the K experts with the largest scores + bias among the best
 * groups, a group's score being the sum of its two largest scores + bias; gates are the selected
 * scores, divided by their sum if {@code normalize}, times {@code scale}.
 *
 * <p>Experts are listed from the largest scores + bias down; of equals the one with the lower index
 * comes first, for experts and for groups. NaN counts as the least of all.
 *
 * <p>{@code logits F32[N,X], bias F32[X] -> scores F32[N,X], experts I32[N,K], gates F32[N,K]}
 *
 * @param perToken K, experts that a row selects
 * @param groups groups of neighbouring experts, a divisor of X, at most {@value #MOST_GROUPS}
 * @param topkGroup groups that a row selects from
 * @param normalize whether gates are divided by the sum of the selected scores
 * @param scale factor on the gates
 */
public record ExpertGate(int perToken, int groups, int topkGroup, boolean normalize, float scale)
    implements Op {
  /** Most groups: the chosen ones are bits of an integer. */
  public static final int MOST_GROUPS = 30;

  /** Added to the sum that gates are divided by, as in DeepSeek's published code. */
  public static final float EPSILON = 1e-20f;

  private static final Signature SIGNATURE =
      Signature.parse(
          "logits F32[N,X], bias F32[X] -> scores F32[N,X], experts I32[N,K], gates F32[N,K]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public Map<String, Integer> bindings() {
    return Map.of("K", perToken);
  }

  @Override
  public void validate(String where, List<Tensor> reads, List<Tensor> writes) {
    int experts = reads.get(0).columns();
    boolean split = groups >= 1 && groups <= MOST_GROUPS && experts % groups == 0;
    if (!split || topkGroup < 1 || topkGroup > groups) {
      throw new GraphException(
          where
              + ": expected 1 to "
              + MOST_GROUPS
              + " groups that divide "
              + experts
              + " experts and 1 to that many chosen, found "
              + groups
              + " and "
              + topkGroup);
    }
    int eligible = topkGroup * (experts / groups);
    if (perToken < 1 || perToken > eligible) {
      throw new GraphException(
          where + ": expected 1 to " + eligible + " experts a token, found " + perToken);
    }
  }
}
