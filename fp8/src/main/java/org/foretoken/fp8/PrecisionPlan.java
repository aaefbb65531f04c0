package org.foretoken.fp8;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Which operation runs in which precision, forward and backward, what is cached in what, and what
 * the optimizer keeps: the table that training reads and that the memory bill is made from.
 *
 * <p>DeepSeek-V3's plan is that of its report (arXiv 2412.19437), sections 3.3.1 and 3.3.3: the
 * three products of the linear layers in FP8; embedding, head, gate, norms and attention in BF16 or
 * FP32, the MTP projection in BF16 as in the published weights; master weights and gradients in
 * FP32, AdamW's moments in BF16; inputs of linear layers cached as FP8 tiles, that of the layer
 * after attention as E5M6 with power-of-two scales, SwiGLU's inputs as FP8 tiles and its output
 * computed again.
 *
 * @param name a preset's name
 * @param operations one row an operation
 * @param masterWeights what the optimizer updates
 * @param gradients accumulated gradients of the weights
 * @param firstMoment AdamW's m
 * @param secondMoment AdamW's v
 * @param kvCache keys and values, or MLA's compressed ones, while decoding
 * @param recipe how linear layers are quantized; null without FP8
 */
public record PrecisionPlan(
    String name,
    Map<Operation, OperationPlan> operations,
    Format masterWeights,
    Format gradients,
    Format firstMoment,
    Format secondMoment,
    Format kvCache,
    TrainingRecipe recipe) {

  /** Everything in FP32. */
  public static final PrecisionPlan FP32 =
      new PrecisionPlan(
          "fp32",
          table(operation -> OperationPlan.plain(operation, Formats.FP32, Formats.FP32)),
          Formats.FP32,
          Formats.FP32,
          Formats.FP32,
          Formats.FP32,
          Formats.FP32,
          null);

  /** BF16 operands, FP32 master weights and gradients, BF16 moments. */
  public static final PrecisionPlan BF16 =
      new PrecisionPlan(
          "bf16",
          table(PrecisionPlan::highPrecision),
          Formats.FP32,
          Formats.FP32,
          Formats.BF16,
          Formats.BF16,
          Formats.BF16,
          null);

  /** DeepSeek-V3's. */
  public static final PrecisionPlan DEEPSEEK = fp8("deepseek", TrainingRecipe.DEEPSEEK);

  /** {@link #DEEPSEEK} with E5M2 gradients. */
  public static final PrecisionPlan HYBRID = fp8("hybrid", TrainingRecipe.HYBRID);

  /** {@link #DEEPSEEK} with one scale a tensor. */
  public static final PrecisionPlan TENSORWISE = fp8("tensorwise", TrainingRecipe.TENSORWISE);

  /** {@link #DEEPSEEK} in the OCP MXFP8 format. */
  public static final PrecisionPlan MXFP8 = fp8("mxfp8", TrainingRecipe.MXFP8);

  /** All presets. */
  public static final List<PrecisionPlan> ALL =
      List.of(FP32, BF16, DEEPSEEK, HYBRID, TENSORWISE, MXFP8);

  public PrecisionPlan {
    operations = Map.copyOf(operations);
    if (operations.size() != Operation.values().length) {
      throw new IllegalArgumentException(name + ": expected a row for every operation");
    }
  }

  /** The row of {@code operation}. */
  public OperationPlan of(Operation operation) {
    return operations.get(operation);
  }

  /** Bytes a parameter of master weights, gradients and moments: DeepSeek's 12, FP32's 16. */
  public double stateBytesPerParameter() {
    int bits = masterWeights.bits() + gradients.bits() + firstMoment.bits() + secondMoment.bits();
    return bits / 8.0;
  }

  /**
   * The preset called {@code name}.
   *
   * @throws InputException with {@code path} if there is none
   */
  public static PrecisionPlan byName(String name, String path) {
    return ALL.stream()
        .filter(plan -> plan.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    path
                        + ": expected one of "
                        + ALL.stream().map(PrecisionPlan::name).collect(Collectors.joining(", "))
                        + ", found '"
                        + name
                        + "'"));
  }

  /** An FP8 plan: DeepSeek-V3's table with the linear layers by {@code recipe}. */
  public static PrecisionPlan fp8(String name, TrainingRecipe recipe) {
    return new PrecisionPlan(
        name,
        table(operation -> fp8Row(operation, recipe)),
        Formats.FP32,
        Formats.FP32,
        Formats.BF16,
        Formats.BF16,
        Formats.BF16,
        recipe);
  }

  private static OperationPlan fp8Row(Operation operation, TrainingRecipe recipe) {
    if (operation == Operation.SWIGLU) {
      return highPrecision(operation).cachedIn(Storage.quantized(recipe.fpropActivation()));
    }
    if (!operation.isLinear()) {
      return highPrecision(operation);
    }
    OperationPlan plan = OperationPlan.linear(operation, recipe, Formats.BF16);
    return switch (operation) {
      case ATTENTION_OUTPUT -> plan.cachedIn(Storage.quantized(QuantizationRecipes.E5M6_CACHE));
      case FEED_FORWARD_OUTPUT -> plan.cachedIn(null);
      default -> plan;
    };
  }

  /** The operations that stay out of FP8: norms and gate in FP32, all else in BF16. */
  private static OperationPlan highPrecision(Operation operation) {
    return switch (operation) {
      case NORM, ROUTER -> OperationPlan.plain(operation, Formats.FP32, Formats.FP32);
      default -> OperationPlan.plain(operation, Formats.BF16, Formats.FP32);
    };
  }

  private static Map<Operation, OperationPlan> table(Function<Operation, OperationPlan> row) {
    Map<Operation, OperationPlan> rows = new EnumMap<>(Operation.class);
    for (Operation operation : Operation.values()) {
      rows.put(operation, row.apply(operation));
    }
    return rows;
  }
}
