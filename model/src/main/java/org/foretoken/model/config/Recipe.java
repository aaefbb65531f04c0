package org.foretoken.model.config;

/** The precision recipe of a training run. */
public enum Recipe {
  /** Everything in FP32. */
  FP32,
  /** Linear layers on BF16 operands, BF16 moments; master weights and gradients in FP32. */
  BF16,
  /**
   * DeepSeek-V3: linear layers in FP8 with fine-grained scales; embedding, head, norms and
   * attention in BF16/FP32; FP32 master weights and gradients; BF16 moments.
   */
  DEEPSEEK,
  /** {@link #DEEPSEEK} with E5M2 gradients. */
  HYBRID,
  /** One scale a tensor for the operands of linear layers; simulated, see {@code FakeQuantize}. */
  TENSORWISE,
  /** MXFP8 blocks of 32 with power-of-two scales for linear layers; simulated. */
  MXFP8,
  /** {@link #DEEPSEEK} with gradients in 128x128 blocks, which diverged there; simulated. */
  BLOCK_GRADIENTS;

  /** Whether linear layers multiply values that went through FP8 and back, in FP32. */
  public boolean simulated() {
    return this == TENSORWISE || this == MXFP8 || this == BLOCK_GRADIENTS;
  }
}
