package org.foretoken.model.nn;

import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Cast;
import org.foretoken.kernels.op.Dequantize;
import org.foretoken.kernels.op.Op;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.Tile;

/**
 * What is kept of an activation between the forward and the backward pass: the cache column of the
 * precision plan.
 */
public sealed interface ActivationCache {
  /** The activation itself, FP32. */
  record Full() implements ActivationCache {}

  /** Rounded to BF16. */
  record Bf16() implements ActivationCache {}

  /**
   * Codes, and an FP32 scale for each 1x128 group.
   *
   * @param codes E4M3, E5M2 or E5M6
   * @param powerOfTwoScales round scales up to a power of two
   */
  record Tiles(DType codes, boolean powerOfTwoScales) implements ActivationCache {}

  /** Nothing: the layer that made it computes it again. */
  record Recomputed() implements ActivationCache {}

  /**
   * Makes the backward pass find {@code x} as this cache gives it back. Emits what fills the cache
   * now, and what reads it where {@link Tape#restored} is first asked for x.
   */
  default void keep(Tape tape, Tensor x) {
    if (!tape.recording() || tape.keeps(x)) {
      return;
    }
    switch (this) {
      case Full _, Recomputed _ -> {}
      case Bf16 _ -> {
        Tensor rounded = tape.value(x.name() + ".bf16", DType.BF16, x.shape().dims());
        tape.emit(x.name() + "/keep", new Cast(), List.of(x), List.of(rounded));
        tape.keep(x, () -> restore(tape, x, new Cast(), List.of(rounded)));
      }
      case Tiles t -> {
        Tensor codes = tape.value(x.name() + ".kept", t.codes, x.rows(), x.columns());
        Tensor scales =
            tape.value(
                x.name() + ".kept_scales", x.rows(), Tile.ROW_1X128.scaleColumns(x.columns()));
        tape.emit(
            x.name() + "/keep",
            new Quantize(Tile.ROW_1X128, t.powerOfTwoScales),
            List.of(x),
            List.of(codes, scales));
        tape.keep(
            x, () -> restore(tape, x, new Dequantize(Tile.ROW_1X128), List.of(codes, scales)));
      }
    }
  }

  private static Tensor restore(Tape tape, Tensor x, Op op, List<Tensor> kept) {
    Tensor back = tape.value(x.name() + ".restored", x.shape().dims());
    tape.emit(x.name() + "/restore", op, kept, List.of(back));
    return back;
  }
}
