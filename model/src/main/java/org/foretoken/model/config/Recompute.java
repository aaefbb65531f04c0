package org.foretoken.model.config;

/** What the backward pass computes again instead of keeping it from the forward pass. */
public enum Recompute {
  /** Nothing: every layer keeps what its gradient needs. */
  NONE,
  /**
   * Transformer blocks: a block keeps its input alone and runs its forward pass again before its
   * backward pass. Less memory for one more forward pass; the same gradients to the last bit.
   */
  BLOCK
}
