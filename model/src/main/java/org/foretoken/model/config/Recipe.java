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
  DEEPSEEK
}
