package org.foretoken.model.mtp;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.CrossEntropyEval;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.Tape;
import org.foretoken.model.trunk.Rows;
import org.foretoken.model.trunk.Trunk;

/**
 * The loss of a multi-token-prediction model (DeepSeek-V3, section 2.2, equations 24 and 25):
 *
 * <pre>  L = L_main + (lambda / D) * sum over k = 1..D of L_k</pre>
 *
 * <p>Every L is the mean cross-entropy over the rows that have a target at its depth: each is
 * normalised by its own count, so the scale of L changes neither with D nor with padding. The
 * factors 1 and lambda / D are inputs of the graph, since lambda changes during training.
 */
public final class MtpLoss {
  private MtpLoss() {}

  /** Name of the statistics of depth k: {sum of losses, rows counted, rows right, 0}, F32 [4]. */
  public static String statsName(int depth) {
    return "loss.stats." + depth;
  }

  /** Name of the loss of each row at depth k in an evaluation graph, F32 [N]. */
  public static String rowLossName(int depth) {
    return "loss.nll." + depth;
  }

  /** Name of the input t_{i+k}, I32 [N]; depth 0 is the trunk's own input. */
  public static String idsName(int depth) {
    return "ids." + depth;
  }

  /** Name of the target t_{i+k+1}, I32 [N], -1 where there is none. */
  public static String targetsName(int depth) {
    return "targets." + depth;
  }

  /** Name of the factor of L_k in L, F32 [1]. */
  public static String coefficientName(int depth) {
    return "loss.coefficient." + depth;
  }

  /** The factor of L_k: 1 for the main model, lambda / D for every module. */
  public static double coefficient(int depth, double lambda, int mtpDepth) {
    return depth == 0 ? 1.0 : lambda / mtpDepth;
  }

  /**
   * Emits trunk, modules, heads and losses. A training tape's gradients all start here: the head
   * computes its own while the logits are at hand.
   *
   * @return h^0 .. h^D, the hidden states of each depth
   */
  public static List<Tensor> emit(Tape tape, ModelConfig config, Rows rows) {
    Graph graph = tape.graph();
    Tensor ids = graph.declare(idsName(0), DType.I32, Role.INPUT, rows.count());
    Tensor hidden = Trunk.hiddenStates(tape, config, ids, rows);
    List<Tensor> perDepth = new ArrayList<>(List.of(hidden));
    head(tape, config, 0, hidden);
    for (int k = 1; k <= config.mtpDepth(); k++) {
      Tensor shifted = graph.declare(idsName(k), DType.I32, Role.INPUT, rows.count());
      MtpModule.Output out = MtpModule.apply(tape, config, k, hidden, shifted, rows);
      hidden = out.hiddenStates();
      perDepth.add(hidden);
      head(tape, config, k, out.headInput());
    }
    return perDepth;
  }

  private static void head(Tape tape, ModelConfig config, int depth, Tensor headInput) {
    Graph graph = tape.graph();
    Tensor weight = tape.parameter(Trunk.headWeight(config));
    Tensor targets = graph.declare(targetsName(depth), DType.I32, Role.INPUT, headInput.rows());
    Tensor stats = graph.declare(statsName(depth), DType.F32, Role.OUTPUT, 4);
    String label = "head." + depth;
    if (!tape.training()) {
      Tensor nll = graph.declare(rowLossName(depth), DType.F32, Role.OUTPUT, headInput.rows());
      tape.emit(
          label,
          new CrossEntropyEval(tape.precision().head()),
          List.of(headInput, weight, targets),
          List.of(stats, nll));
      return;
    }
    Tensor coefficient = graph.declare(coefficientName(depth), DType.F32, Role.INPUT, 1);
    Tensor dHidden = tape.value("grad." + headInput.name(), headInput.shape().dims());
    tape.emit(
        label,
        new CrossEntropyHead(tape.precision().head()),
        List.of(headInput, weight, targets, coefficient),
        List.of(stats, dHidden, tape.parameterGradient(weight)));
    tape.addOwnedGradient(headInput, dHidden);
  }
}
