package org.foretoken.kernels.op;

/** How FP32 operands enter a matrix product that is accumulated in FP32. */
public enum Precision {
  /** As they are. */
  F32,
  /** Rounded to bfloat16, nearest even. */
  BF16
}
