package org.foretoken.model.nn;

import org.foretoken.kernels.op.Precision;

/** How a linear layer multiplies: on rounded operands, or on FP8 codes with fine-grained scales. */
public sealed interface LinearPrecision {
  /** Plain products of FP32 or BF16-rounded operands, in all three of fprop, dgrad and wgrad. */
  record Plain(Precision operands) implements LinearPrecision {}

  /**
   * FP8 in all three products: activations and gradients in 1x128 and 128x1 groups, weights in
   * 128x128 blocks, E4M3 everywhere (DeepSeek-V3, section 3.3).
   *
   * @param powerOfTwoScales round scales up to a power of two
   */
  record Fp8(boolean powerOfTwoScales) implements LinearPrecision {}
}
