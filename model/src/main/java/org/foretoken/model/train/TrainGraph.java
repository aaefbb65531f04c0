package org.foretoken.model.train;

import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.AdamW;
import org.foretoken.kernels.op.ExpertBias;
import org.foretoken.kernels.op.SumSquares;
import org.foretoken.kernels.op.Zero;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.config.Recompute;
import org.foretoken.model.mtp.MtpLoss;
import org.foretoken.model.nn.InferenceWeights;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;
import org.foretoken.model.trunk.MixtureOfExperts;
import org.foretoken.model.trunk.Rows;

/** Builds the graphs of training: one step, and one evaluation batch. */
public final class TrainGraph {
  /** Input of the optimizer, F32 [8]; see {@link AdamW}. */
  public static final String HYPER = "optimizer.hyper";

  /** Sum of squares of all gradients, F32 [1]. */
  public static final String GRADIENT_SQUARES = "optimizer.gradient_squares";

  private TrainGraph() {}

  /** Name of AdamW's first moment of a parameter. */
  public static String firstMoment(String parameter) {
    return "adam.m." + parameter;
  }

  /** Name of AdamW's second moment of a parameter. */
  public static String secondMoment(String parameter) {
    return "adam.v." + parameter;
  }

  /** Forward, backward and optimizer of one batch of {@code rows} tokens, nothing recomputed. */
  public static Graph step(
      ModelConfig config, ModelLayout layout, PrecisionTable precision, int rows) {
    return step(config, layout, precision, Recompute.NONE, rows);
  }

  /** Forward, backward and optimizer of one batch of {@code rows} tokens. */
  public static Graph step(
      ModelConfig config,
      ModelLayout layout,
      PrecisionTable precision,
      Recompute recompute,
      int rows) {
    Tape tape = new Tape(new Graph("train-step"), layout, precision, recompute);
    zero(tape, layout);
    losses(tape, config, rows);
    optimizer(tape, layout, precision);
    balance(tape, config, layout);
    return finished(tape, recompute);
  }

  /** Gradients of one batch of {@code rows} tokens, nothing recomputed. */
  public static Graph gradients(
      ModelConfig config, ModelLayout layout, PrecisionTable precision, int rows) {
    return gradients(config, layout, precision, Recompute.NONE, rows);
  }

  /** Forward and backward of one batch of {@code rows} tokens: gradients, and no optimizer. */
  public static Graph gradients(
      ModelConfig config,
      ModelLayout layout,
      PrecisionTable precision,
      Recompute recompute,
      int rows) {
    Tape tape = new Tape(new Graph("gradients"), layout, precision, recompute);
    zero(tape, layout);
    losses(tape, config, rows);
    return finished(tape, recompute);
  }

  /** {@link #gradients} added to those that are there. */
  public static Graph microBatch(
      ModelConfig config,
      ModelLayout layout,
      PrecisionTable precision,
      Recompute recompute,
      int rows) {
    Tape tape = new Tape(new Graph("micro-batch"), layout, precision, recompute);
    losses(tape, config, rows);
    return finished(tape, recompute);
  }

  /** All gradients zero, and the loads of experts. */
  public static Graph zeroGradients(ModelLayout layout, PrecisionTable precision) {
    Tape tape = new Tape(new Graph("zero-gradients"), layout, precision, Recompute.NONE);
    zero(tape, layout);
    return tape.graph();
  }

  /** The optimizer alone, on the gradients that are there, and the routers' biases. */
  public static Graph update(ModelConfig config, ModelLayout layout, PrecisionTable precision) {
    Tape tape = new Tape(new Graph("update"), layout, precision, Recompute.NONE);
    optimizer(tape, layout, precision);
    balance(tape, config, layout);
    return tape.graph();
  }

  private static void zero(Tape tape, ModelLayout layout) {
    for (ParameterSpec spec : layout.parameters()) {
      Tensor gradient = tape.parameterGradient(tape.parameter(spec.name()));
      tape.emit(gradient.name() + "/zero", new Zero(), List.of(), List.of(gradient));
    }
    zeroLoads(tape, layout);
  }

  private static void losses(Tape tape, ModelConfig config, int rows) {
    MtpLoss.emit(tape, config, Rows.Packed.declare(tape.graph(), rows));
    tape.backward();
  }

  /** Running a block again runs all of it; what no gradient reads of that is left out. */
  private static Graph finished(Tape tape, Recompute recompute) {
    return recompute == Recompute.NONE ? tape.graph() : tape.graph().withoutUnread();
  }

  private static void zeroLoads(Tape tape, ModelLayout layout) {
    for (ParameterSpec bias : layout.buffers()) {
      Tensor load = load(tape, bias);
      tape.emit(load.name() + "/zero", new Zero(), List.of(), List.of(load));
    }
  }

  /** Moves the routers' balancing biases by the loads of the step. */
  private static void balance(Tape tape, ModelConfig config, ModelLayout layout) {
    if (config.feedForward() instanceof FeedForwardConfig.MixtureOfExperts m
        && m.biasUpdateSpeed() > 0) {
      for (ParameterSpec bias : layout.buffers()) {
        tape.emit(
            bias.name() + "/update",
            new ExpertBias((float) m.biasUpdateSpeed()),
            List.of(load(tape, bias)),
            List.of(tape.parameter(bias.name())));
      }
    }
  }

  /** The load that a router's bias goes by. */
  private static Tensor load(Tape tape, ParameterSpec bias) {
    String name = MixtureOfExperts.loadName(mlp(bias));
    return tape.graph().declare(name, DType.F32, Role.STATE, bias.shape().dims());
  }

  /** Prefix of the network whose router has a bias: the buffers of a model are those biases. */
  static String mlp(ParameterSpec bias) {
    return bias.name().substring(0, bias.name().length() - ParameterNames.ROUTER_BIAS.length());
  }

  private static void optimizer(Tape tape, ModelLayout layout, PrecisionTable precision) {
    Graph graph = tape.graph();
    Tensor hyper = graph.declare(HYPER, DType.F32, Role.INPUT, 8);
    Tensor squares = graph.declare(GRADIENT_SQUARES, DType.F32, Role.OUTPUT, 1);
    tape.emit("optimizer.norm/zero", new Zero(), List.of(), List.of(squares));
    for (ParameterSpec spec : layout.parameters()) {
      Tensor gradient = tape.parameterGradient(tape.parameter(spec.name()));
      tape.emit(
          "optimizer.norm/" + spec.name(), new SumSquares(), List.of(gradient), List.of(squares));
    }
    for (ParameterSpec spec : layout.parameters()) {
      Tensor p = tape.parameter(spec.name());
      int[] dims = spec.shape().dims();
      Tensor m = graph.declare(firstMoment(p.name()), precision.moments(), Role.STATE, dims);
      Tensor v = graph.declare(secondMoment(p.name()), precision.moments(), Role.STATE, dims);
      tape.emit(
          "optimizer/" + spec.name(),
          new AdamW(spec.decay()),
          List.of(tape.parameterGradient(p), hyper, squares),
          List.of(p, m, v));
    }
  }

  /** Forward and losses of one batch, without gradients. */
  public static Graph evaluation(
      ModelConfig config, ModelLayout layout, PrecisionTable precision, int rows) {
    Graph graph = new Graph("evaluation");
    Tape tape = new Tape(graph, layout, precision, false);
    InferenceWeights.emit(tape, config, layout);
    MtpLoss.emit(tape, config, Rows.Packed.declare(graph, rows));
    return graph;
  }
}
