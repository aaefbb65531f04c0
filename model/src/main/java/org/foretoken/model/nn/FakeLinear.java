package org.foretoken.model.nn;

import java.util.List;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.TrainingRecipe;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.FakeQuantize;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;

/**
 * The linear layer of a recipe that no FP8 GEMM here multiplies: operands take the round trip
 * through FP8, each by its own row of the recipe and from the high-precision tensor, and are
 * multiplied in FP32.
 *
 * <p>In inference an activation that would share one scale has one a row: the rows of a batch, or
 * of a verification beside its drafts, would otherwise change each other.
 */
final class FakeLinear {
  private record Key(Tensor source, FakeQuantize op) {}

  private FakeLinear() {}

  static void apply(Tape tape, String label, TrainingRecipe recipe, Tensor x, Tensor w, Tensor y) {
    Tensor weight =
        tape.training() ? quantized(tape, w, recipe.fpropWeight()) : residentWeight(tape, w);
    Tensor input = quantized(tape, x, recipe.fpropActivation());
    product(tape, label + "/fprop", Layout.NT, false, input, weight, y);
    tape.onBackward(
        () -> {
          Tensor dy = tape.gradient(y);
          Tensor sum = tape.accumulator(x);
          Tensor dx = sum != null ? sum : tape.value("grad." + x.name(), x.shape().dims());
          product(
              tape,
              label + "/dgrad",
              Layout.NN,
              sum != null,
              quantized(tape, dy, recipe.dgradGradient()),
              quantized(tape, w, recipe.dgradWeight()),
              dx);
          if (sum == null) {
            tape.addOwnedGradient(x, dx);
          }
          product(
              tape,
              label + "/wgrad",
              Layout.TN,
              true,
              quantized(tape, dy, recipe.wgradGradient()),
              quantized(tape, tape.restored(x), recipe.wgradActivation()),
              tape.parameterGradient(w));
        });
  }

  /** Emits the round trip of a weight into the resident tensor that inference graphs read. */
  static void quantizeResident(Tape tape, String weightName, TrainingRecipe recipe) {
    Tensor w = tape.parameter(weightName);
    FakeQuantize op = FakeQuantize.of(recipe.fpropWeight());
    tape.emit(weightName + "/quantize", op, List.of(w), List.of(residentWeight(tape, w)));
  }

  /** The round trip of a weight, resident, as {@link #quantizeResident} writes it. */
  static Tensor residentWeight(Tape tape, Tensor w) {
    return tape.graph().declare("fq." + w.name(), DType.F32, Role.STATE, w.shape().dims());
  }

  private static Tensor quantized(Tape tape, Tensor source, QuantizationRecipe recipe) {
    FakeQuantize wanted = FakeQuantize.of(recipe);
    boolean shared = !tape.training() && wanted.scope() == FakeQuantize.Scope.TENSOR;
    FakeQuantize op =
        shared
            ? new FakeQuantize(FakeQuantize.Scope.ROW, wanted.element(), wanted.powerOfTwo())
            : wanted;
    return tape.once(
        new Key(source, op),
        () -> {
          String name = source.name() + ".fq." + op.scope();
          Tensor value = tape.value(name, source.shape().dims());
          tape.emit(name + "/quantize", op, List.of(source), List.of(value));
          return value;
        });
  }

  private static void product(
      Tape tape, String label, Layout layout, boolean add, Tensor a, Tensor b, Tensor c) {
    tape.emit(label, new MatMul(layout, Precision.F32, add), List.of(a, b), List.of(c));
  }
}
