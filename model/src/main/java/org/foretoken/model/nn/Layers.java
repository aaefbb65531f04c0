package org.foretoken.model.nn;

import java.util.List;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.ConcatColumns;
import org.foretoken.kernels.op.Embedding;
import org.foretoken.kernels.op.EmbeddingGrad;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.RmsNormGrad;
import org.foretoken.kernels.op.Rope;
import org.foretoken.kernels.op.SplitColumns;
import org.foretoken.kernels.op.SwiGlu;
import org.foretoken.kernels.op.SwiGluGrad;

/** The layers around the linear ones, each with its gradient. */
public final class Layers {
  /**
   * The parts of a matrix that was split.
   *
   * @param left its first columns
   * @param right the others
   */
  public record Columns(Tensor left, Tensor right) {}

  private Layers() {}

  /** Rows of a parameter table [V,E] by token id [N]: [N,E]. */
  public static Tensor embedding(Tape tape, String label, Tensor ids, String tableName) {
    Tensor table = tape.parameter(tableName);
    Tensor y = tape.value(label, ids.rows(), table.columns());
    tape.emit(label, new Embedding(), List.of(ids, table), List.of(y));
    tape.onBackward(
        () ->
            tape.emit(
                label + "/grad",
                new EmbeddingGrad(),
                List.of(ids, tape.gradient(y)),
                List.of(tape.parameterGradient(table))));
    return y;
  }

  /** RMSNorm of each row of x [N,E] with the parameter {@code weightName} [E]. */
  public static Tensor rmsNorm(Tape tape, Tensor x, String weightName, float eps) {
    Tensor weight = tape.parameter(weightName);
    String label = weightName.replaceFirst("\\.weight$", "");
    Tensor y = tape.value(label + ".out", x.shape().dims());
    Tensor rstd = tape.value(label + ".rstd", x.rows());
    tape.emit(label, new RmsNorm(eps), List.of(x, weight), List.of(y, rstd));
    tape.onBackward(
        () -> {
          Tensor dx = tape.value("grad." + x.name(), x.shape().dims());
          tape.emit(
              label + "/grad",
              new RmsNormGrad(),
              List.of(x, weight, rstd, tape.gradient(y)),
              List.of(dx, tape.parameterGradient(weight)));
          tape.addOwnedGradient(x, dx);
        });
    return y;
  }

  /** Rotary positions on the last {@code rotaryDim} columns of each of {@code heads} heads. */
  public static Tensor rope(
      Tape tape, String label, Tensor x, Tensor positions, int heads, int rotaryDim, double theta) {
    int headDim = x.columns() / heads;
    Tensor y = tape.value(label, x.shape().dims());
    tape.emit(
        label,
        new Rope(heads, headDim, rotaryDim, theta, false),
        List.of(x, positions),
        List.of(y));
    tape.onBackward(
        () -> {
          Tensor dx = tape.value("grad." + x.name(), x.shape().dims());
          tape.emit(
              label + "/grad",
              new Rope(heads, headDim, rotaryDim, theta, true),
              List.of(tape.gradient(y), positions),
              List.of(dx));
          tape.addOwnedGradient(x, dx);
        });
    return y;
  }

  /** y = silu(gate) * up; what is kept of the three follows the precision table. */
  public static Tensor swiGlu(Tape tape, String label, Tensor gate, Tensor up) {
    Tensor y = tape.value(label, gate.shape().dims());
    tape.emit(label, new SwiGlu(), List.of(gate, up), List.of(y));
    PrecisionTable precision = tape.precision();
    precision.swiGluInputs().keep(tape, gate);
    precision.swiGluInputs().keep(tape, up);
    if (precision.swiGluOutput() instanceof ActivationCache.Recomputed) {
      tape.keep(
          y,
          () -> {
            Tensor again = tape.value(label + ".recomputed", y.shape().dims());
            List<Tensor> kept = List.of(tape.restored(gate), tape.restored(up));
            tape.emit(label + "/recompute", new SwiGlu(), kept, List.of(again));
            return again;
          });
    } else {
      precision.swiGluOutput().keep(tape, y);
    }
    tape.onBackward(
        () -> {
          Tensor dGate = tape.value("grad." + gate.name(), gate.shape().dims());
          Tensor dUp = tape.value("grad." + up.name(), up.shape().dims());
          tape.emit(
              label + "/grad",
              new SwiGluGrad(),
              List.of(tape.restored(gate), tape.restored(up), tape.gradient(y)),
              List.of(dGate, dUp));
          tape.addOwnedGradient(gate, dGate);
          tape.addOwnedGradient(up, dUp);
        });
    return y;
  }

  /** y = a + b; both receive y's gradient as it is. */
  public static Tensor add(Tape tape, String label, Tensor a, Tensor b) {
    Tensor y = tape.value(label, a.shape().dims());
    tape.emit(label, new Add(), List.of(a, b), List.of(y));
    tape.onBackward(
        () -> {
          tape.addGradient(a, tape.gradient(y));
          tape.addGradient(b, tape.gradient(y));
        });
    return y;
  }

  /** The first {@code left} columns of y and the rest. */
  public static Columns split(Tape tape, String label, Tensor y, int left) {
    Tensor a = tape.value(label + ".left", y.rows(), left);
    Tensor b = tape.value(label + ".right", y.rows(), y.columns() - left);
    tape.emit(label, new SplitColumns(), List.of(y), List.of(a, b));
    tape.onBackward(
        () -> {
          Tensor dy = tape.value("grad." + y.name(), y.shape().dims());
          tape.emit(
              label + "/grad",
              new ConcatColumns(),
              List.of(tape.gradient(a), tape.gradient(b)),
              List.of(dy));
          tape.addOwnedGradient(y, dy);
        });
    return new Columns(a, b);
  }

  /** y = [a ; b], row by row. */
  public static Tensor concat(Tape tape, String label, Tensor a, Tensor b) {
    Tensor y = tape.value(label, a.rows(), a.columns() + b.columns());
    tape.emit(label, new ConcatColumns(), List.of(a, b), List.of(y));
    tape.onBackward(
        () -> {
          Tensor da = tape.value("grad." + a.name(), a.shape().dims());
          Tensor db = tape.value("grad." + b.name(), b.shape().dims());
          tape.emit(
              label + "/grad", new SplitColumns(), List.of(tape.gradient(y)), List.of(da, db));
          tape.addOwnedGradient(a, da);
          tape.addOwnedGradient(b, db);
        });
    return y;
  }

  /**
   * Rows of x in the order of {@code index}, I32 [N], which put in that order once more are as they
   * were: so the gradient goes back the same way.
   */
  public static Tensor mirror(Tape tape, String label, Tensor x, Tensor index) {
    Tensor y = tape.value(label, x.shape().dims());
    tape.emit(label, new Embedding(), List.of(index, x), List.of(y));
    tape.onBackward(
        () -> {
          Tensor dx = tape.value("grad." + label, x.shape().dims());
          tape.emit(
              label + "/grad", new Embedding(), List.of(index, tape.gradient(y)), List.of(dx));
          tape.addOwnedGradient(x, dx);
        });
    return y;
  }
}
