package org.foretoken.model.nn;

import org.foretoken.fp8.TrainingRecipe;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.Precision;

/** How a linear layer multiplies: on rounded operands, or on FP8 codes with fine-grained scales. */
public sealed interface LinearPrecision {
  /** Plain products of FP32 or BF16-rounded operands, in all three of fprop, dgrad and wgrad. */
  record Plain(Precision operands) implements LinearPrecision {}

  /**
   * FP8 in all three products: activations and gradients in 1x128 and 128x1 groups, weights in
   * 128x128 blocks, E4M3 everywhere (DeepSeek-V3, section 3.3) or with E5M2 gradients.
   *
   * @param powerOfTwoScales round scales up to a power of two
   * @param gradients codes of dY: E4M3 or E5M2
   */
  record Fp8(boolean powerOfTwoScales, DType gradients) implements LinearPrecision {}

  /**
   * Any recipe, simulated: each operand takes the round trip through FP8 and is multiplied in FP32
   * ({@link org.foretoken.kernels.op.FakeQuantize}). Same numerics as an FP8 GEMM, no memory saved.
   */
  record FakeQuantized(TrainingRecipe recipe) implements LinearPrecision {}
}
