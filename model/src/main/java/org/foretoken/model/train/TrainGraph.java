package org.foretoken.model.train;

import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.AdamW;
import org.foretoken.kernels.op.SumSquares;
import org.foretoken.kernels.op.Zero;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.mtp.MtpLoss;
import org.foretoken.model.nn.InferenceWeights;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.nn.PrecisionTable;
import org.foretoken.model.nn.Tape;
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

  /** Forward, backward and optimizer of one batch of {@code rows} tokens. */
  public static Graph step(
      ModelConfig config, ModelLayout layout, PrecisionTable precision, int rows) {
    Tape tape = gradientTape("train-step", config, layout, precision, rows);
    optimizer(tape, layout, precision);
    return tape.graph();
  }

  /** Forward and backward of one batch of {@code rows} tokens: gradients, and no optimizer. */
  public static Graph gradients(
      ModelConfig config, ModelLayout layout, PrecisionTable precision, int rows) {
    return gradientTape("gradients", config, layout, precision, rows).graph();
  }

  private static Tape gradientTape(
      String name, ModelConfig config, ModelLayout layout, PrecisionTable precision, int rows) {
    Graph graph = new Graph(name);
    Tape tape = new Tape(graph, layout, precision, true);
    for (ParameterSpec spec : layout.parameters()) {
      Tensor gradient = tape.parameterGradient(tape.parameter(spec.name()));
      tape.emit(gradient.name() + "/zero", new Zero(), List.of(), List.of(gradient));
    }
    MtpLoss.emit(tape, config, Rows.Packed.declare(graph, rows));
    tape.backward();
    return tape;
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
