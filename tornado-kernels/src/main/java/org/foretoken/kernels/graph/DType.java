package org.foretoken.kernels.graph;

/** Element types of graph tensors. */
public enum DType {
  /** IEEE binary32. */
  F32(4),
  /** bfloat16: the upper half of binary32. */
  BF16(2),
  /** OCP E4M3 (FN): 4 exponent bits, 3 mantissa bits, no infinities. */
  E4M3(1),
  /** OCP E5M2: 5 exponent bits, 2 mantissa bits, with infinities. */
  E5M2(1),
  /** E5M6, the 12-bit format of DeepSeek-V3's post-attention activations, in two bytes each. */
  E5M6(2),
  /** 32-bit signed integers: token ids, positions, row indices. */
  I32(4);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes an element takes in memory. */
  public int bytes() {
    return bytes;
  }
}
