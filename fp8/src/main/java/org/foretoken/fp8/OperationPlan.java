package org.foretoken.fp8;

import java.util.Objects;

/**
 * The precision of one operation: a row of a {@link PrecisionPlan}. Products always add in FP32.
 *
 * @param operation the operation
 * @param input X, and the weight's partner in fprop
 * @param weight W in fprop; null without weights
 * @param output Y
 * @param gradient dY in dgrad, or in the backward pass of an operation without weights
 * @param dgradWeight W in dgrad; null without weights
 * @param inputGradient dX
 * @param wgradGradient dY in wgrad; null without weights
 * @param wgradInput X in wgrad; null without weights
 * @param weightGradient dW; null without weights
 * @param cache what the backward pass finds of the input; null if it is computed again
 */
public record OperationPlan(
    Operation operation,
    Storage input,
    Storage weight,
    Storage output,
    Storage gradient,
    Storage dgradWeight,
    Storage inputGradient,
    Storage wgradGradient,
    Storage wgradInput,
    Storage weightGradient,
    Storage cache) {

  public OperationPlan {
    Objects.requireNonNull(operation);
    Objects.requireNonNull(input);
    Objects.requireNonNull(output);
    Objects.requireNonNull(gradient);
    Objects.requireNonNull(inputGradient);
    boolean all =
        weight != null
            && dgradWeight != null
            && wgradGradient != null
            && wgradInput != null
            && weightGradient != null;
    boolean none =
        weight == null
            && dgradWeight == null
            && wgradGradient == null
            && wgradInput == null
            && weightGradient == null;
    if (operation.hasWeights() ? !all : !none) {
      throw new IllegalArgumentException(operation + ": weights do not fit the operation");
    }
  }

  /** Everything in one format, gradients of weights in {@code weightGradient}. */
  static OperationPlan plain(Operation operation, Format format, Format weightGradient) {
    Storage all = Storage.plain(format);
    if (!operation.hasWeights()) {
      return new OperationPlan(operation, all, null, all, all, null, all, null, null, null, all);
    }
    return new OperationPlan(
        operation, all, all, all, all, all, all, all, all, Storage.plain(weightGradient), all);
  }

  /**
   * A linear layer by an FP8 recipe, with {@code output} for Y and dX, and FP32 for dW. What is
   * kept of X is wgrad's operand, made from the same source as fprop's.
   */
  static OperationPlan linear(Operation operation, TrainingRecipe recipe, Format output) {
    Storage out = Storage.plain(output);
    return new OperationPlan(
        operation,
        Storage.quantized(recipe.fpropActivation()),
        Storage.quantized(recipe.fpropWeight()),
        out,
        Storage.quantized(recipe.dgradGradient()),
        Storage.quantized(recipe.dgradWeight()),
        out,
        Storage.quantized(recipe.wgradGradient()),
        Storage.quantized(recipe.wgradActivation()),
        Storage.plain(Formats.FP32),
        Storage.quantized(recipe.wgradActivation()));
  }

  /** This row with another cache; null to compute the input again. */
  OperationPlan cachedIn(Storage other) {
    return new OperationPlan(
        operation,
        input,
        weight,
        output,
        gradient,
        dgradWeight,
        inputGradient,
        wgradGradient,
        wgradInput,
        weightGradient,
        other);
  }

  /** Whether the backward pass computes the input again instead of finding it. */
  public boolean recomputesInput() {
    return cache == null;
  }
}
