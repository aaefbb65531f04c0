package org.foretoken.model.exchange;

import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.config.Recipe;

/** How a folder holds the weights of its linear layers. */
public enum WeightFormat {
  /** E4M3 in 128x128 blocks with FP32 scales, all else in BF16: DeepSeek-V3's. */
  FP8(SafetensorsDType.BF16, Recipe.DEEPSEEK),
  /** Everything in BF16. */
  BF16(SafetensorsDType.BF16, Recipe.BF16),
  /** Everything in FP32: a trained model to the last bit. */
  FP32(SafetensorsDType.F32, Recipe.FP32);

  private final SafetensorsDType plain;
  private final Recipe recipe;

  WeightFormat(SafetensorsDType plain, Recipe recipe) {
    this.plain = plain;
    this.recipe = recipe;
  }

  /** Type of the tensors that are not quantized. */
  public SafetensorsDType plain() {
    return plain;
  }

  /** The recipe that computes with such weights as they are. */
  public Recipe recipe() {
    return recipe;
  }
}
