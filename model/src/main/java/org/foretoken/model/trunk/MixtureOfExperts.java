package org.foretoken.model.trunk;

import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.ExpertBalance;
import org.foretoken.kernels.op.ExpertCombine;
import org.foretoken.kernels.op.ExpertCombineGrad;
import org.foretoken.kernels.op.ExpertDispatch;
import org.foretoken.kernels.op.ExpertDispatchGrad;
import org.foretoken.kernels.op.ExpertGate;
import org.foretoken.kernels.op.ExpertGateGrad;
import org.foretoken.kernels.op.ExpertLoad;
import org.foretoken.kernels.op.ExpertOrder;
import org.foretoken.kernels.op.Segments;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.nn.ExpertLinear;
import org.foretoken.model.nn.Layers;
import org.foretoken.model.nn.Linear;
import org.foretoken.model.nn.LinearPrecision;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.nn.Tape;

/**
 * DeepSeekMoE (DeepSeek-V3, section 2.1.2): a router sends each row to a few of many experts, and
 * shared experts see every row.
 *
 * <pre>
 *   x [N,E] - gate.weight - ExpertGate -+- experts [N,K] - ExpertOrder - positions, segments
 *      |                                +- gates [N,K] ----------------------------+
 *      +-- ExpertDispatch - [N*K,E] - gate, up, SwiGLU, down of each expert - ExpertCombine -+- y
 *      +-- shared_experts: gate, up, SwiGLU, down -------------------------------------------+
 * </pre>
 *
 * <p>Grouped rows have a fixed number, N * K; how many belong to each expert is data. No row is
 * dropped. A row's result depends on no other row, so decoding a few rows gives the bits of the
 * full pass.
 */
public final class MixtureOfExperts {
  /** Factor of the balance losses in the gradient, F32 [1], an input of training graphs. */
  public static final String BALANCE_COEFFICIENT = "loss.balance_coefficient";

  private final Tape tape;
  private final FeedForwardConfig.MixtureOfExperts config;
  private final String mlp;

  private MixtureOfExperts(Tape tape, FeedForwardConfig.MixtureOfExperts config, String mlp) {
    this.tape = tape;
    this.config = config;
    this.mlp = mlp;
  }

  /** Name of the load of each expert of the network at {@code mlp}, F32 [experts], since zeroed. */
  public static String loadName(String mlp) {
    return "load." + mlp + "experts";
  }

  /**
   * Name of the balance loss of the network at {@code mlp}, F32 [1], 1 where all scores are equal.
   */
  public static String balanceName(String mlp) {
    return "balance." + mlp + "experts";
  }

  /** Applies the network whose parameters start with {@code mlp} to x [N,E]; returns [N,E]. */
  public static Tensor apply(
      Tape tape, FeedForwardConfig.MixtureOfExperts config, String mlp, Tensor x, Rows rows) {
    return new MixtureOfExperts(tape, config, mlp).apply(x, rows);
  }

  private Tensor apply(Tensor x, Rows rows) {
    int perToken = config.expertsPerToken();
    Tensor experts = tape.value(mlp + "experts", DType.I32, x.rows(), perToken);
    Tensor gates = tape.value(mlp + "gates", x.rows(), perToken);
    route(x, experts, gates, rows);
    Tensor positions = tape.value(mlp + "positions", DType.I32, x.rows(), perToken);
    Tensor segments =
        tape.value(mlp + "segments", DType.I32, config.routedExperts(), Segments.WIDTH);
    tape.emit(
        mlp + "order",
        new ExpertOrder(config.routedExperts()),
        List.of(experts),
        List.of(positions, segments));
    if (tape.training() && !tape.repeating()) {
      Tensor load =
          tape.graph().declare(loadName(mlp), DType.F32, Role.STATE, config.routedExperts());
      tape.emit(mlp + "load", new ExpertLoad(), List.of(segments), List.of(load));
    }
    Tensor grouped = dispatch(x, positions);
    LinearPrecision precision = tape.precision().blockLinear();
    String stack = mlp + "experts.";
    Tensor gate =
        ExpertLinear.apply(tape, grouped, segments, stack + "gate_proj.weight", precision);
    Tensor up = ExpertLinear.apply(tape, grouped, segments, stack + "up_proj.weight", precision);
    Tensor inner = Layers.swiGlu(tape, stack + "swiglu", gate, up);
    Tensor out = ExpertLinear.apply(tape, inner, segments, stack + "down_proj.weight", precision);
    Tensor routed = combine(out, positions, gates);
    if (config.sharedExperts() == 0) {
      return routed;
    }
    Tensor shared = TransformerBlock.dense(tape, mlp + "shared_experts.", x);
    return Layers.add(tape, mlp + "shared_add", routed, shared);
  }

  /** Chooses the experts of each row and their gates. */
  private void route(Tensor x, Tensor experts, Tensor gates, Rows rows) {
    Tensor logits = Linear.apply(tape, x, mlp + ParameterNames.ROUTER, tape.precision().router());
    Tensor bias = tape.parameter(mlp + ParameterNames.ROUTER_BIAS);
    Tensor scores = tape.value(mlp + "scores", logits.shape().dims());
    boolean normalize = config.normTopkProb();
    float scale = (float) config.routedScalingFactor();
    tape.emit(
        mlp + "route",
        new ExpertGate(
            config.expertsPerToken(), config.expertGroups(), config.topkGroup(), normalize, scale),
        List.of(logits, bias),
        List.of(scores, experts, gates));
    tape.onBackward(
        () -> {
          Tensor dLogits = tape.value("grad." + logits.name(), logits.shape().dims());
          tape.emit(
              mlp + "route/grad",
              new ExpertGateGrad(normalize, scale),
              List.of(scores, experts, tape.gradient(gates)),
              List.of(dLogits));
          balance(scores, dLogits, rows);
          tape.addOwnedGradient(logits, dLogits);
        });
  }

  /** Adds the gradient of the sequence-wise balance loss. */
  private void balance(Tensor scores, Tensor dLogits, Rows rows) {
    if (config.balanceLossAlpha() == 0 || !(rows instanceof Rows.Packed packed)) {
      return;
    }
    Tensor coefficient = tape.graph().declare(BALANCE_COEFFICIENT, DType.F32, Role.INPUT, 1);
    Tensor balance = tape.graph().declare(balanceName(mlp), DType.F32, Role.OUTPUT, 1);
    tape.emit(
        mlp + "balance",
        new ExpertBalance(config.expertsPerToken()),
        List.of(scores, packed.firstRow(), coefficient),
        List.of(balance, dLogits));
  }

  private Tensor dispatch(Tensor x, Tensor positions) {
    int grouped = Math.toIntExact(positions.shape().elements());
    Tensor y = tape.value(mlp + "dispatched", grouped, x.columns());
    tape.emit(mlp + "dispatch", new ExpertDispatch(), List.of(x, positions), List.of(y));
    tape.onBackward(
        () -> {
          Tensor dx = tape.value("grad." + x.name(), x.shape().dims());
          tape.emit(
              mlp + "dispatch/grad",
              new ExpertDispatchGrad(),
              List.of(tape.gradient(y), positions),
              List.of(dx));
          tape.addOwnedGradient(x, dx);
        });
    return y;
  }

  private Tensor combine(Tensor x, Tensor positions, Tensor gates) {
    Tensor y = tape.value(mlp + "combined", positions.rows(), x.columns());
    tape.emit(mlp + "combine", new ExpertCombine(), List.of(x, positions, gates), List.of(y));
    tape.onBackward(
        () -> {
          Tensor dx = tape.value("grad." + x.name(), x.shape().dims());
          Tensor dGates = tape.value("grad." + gates.name(), gates.shape().dims());
          tape.emit(
              mlp + "combine/grad",
              new ExpertCombineGrad(),
              List.of(x, positions, gates, tape.gradient(y)),
              List.of(dx, dGates));
          tape.addOwnedGradient(x, dx);
          tape.addOwnedGradient(gates, dGates);
        });
    return y;
  }
}
