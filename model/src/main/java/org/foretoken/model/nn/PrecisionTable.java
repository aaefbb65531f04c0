package org.foretoken.model.nn;

import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Operation;
import org.foretoken.fp8.OperationPlan;
import org.foretoken.fp8.PrecisionPlan;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.ScaleRule;
import org.foretoken.fp8.Storage;
import org.foretoken.fp8.TrainingRecipe;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.Precision;
import org.foretoken.model.config.Recipe;

/**
 * What the layers read of a {@link PrecisionPlan}, the project's one table of which operation runs in
 * which precision (DeepSeek-V3, section 3.3.1).
 *
 * <p>Two rows are kept wider on a CPU than the plan asks for: attention, norms and the embedding run
 * in FP32, and activations between operations stay FP32.
 *
 * @param blockLinear linear layers inside transformer blocks
 * @param ehProj the MTP module's projection M_k
 * @param head the output head
 * @param moments type of AdamW's moments
 */
public record PrecisionTable(
    LinearPrecision blockLinear, LinearPrecision ehProj, Precision head, DType moments) {
  /** The table of a recipe. */
  public static PrecisionTable of(Recipe recipe) {
    return of(
        switch (recipe) {
          case FP32 -> PrecisionPlan.FP32;
          case BF16 -> PrecisionPlan.BF16;
          case DEEPSEEK -> PrecisionPlan.DEEPSEEK;
        });
  }

  /**
   * The table of a plan.
   *
   * @throws IllegalArgumentException when the layers cannot run a row of it
   */
  public static PrecisionTable of(PrecisionPlan plan) {
    return new PrecisionTable(
        linear(plan, Operation.ATTENTION_INPUT),
        linear(plan, Operation.MTP_PROJECTION),
        precision(plan, Operation.OUTPUT_HEAD),
        dtype(plan.name(), plan.firstMoment()));
  }

  private static LinearPrecision linear(PrecisionPlan plan, Operation operation) {
    OperationPlan row = plan.of(operation);
    if (row.input().recipe() == null) {
      return new LinearPrecision.Plain(precision(plan, operation));
    }
    boolean powerOfTwo = row.input().recipe().scaleRule() == ScaleRule.POWER_OF_TWO;
    TrainingRecipe known = powerOfTwo ? TrainingRecipe.DEEPSEEK_POW2 : TrainingRecipe.DEEPSEEK;
    require(plan, operation, row.input(), known.fpropActivation());
    require(plan, operation, row.weight(), known.fpropWeight());
    require(plan, operation, row.gradient(), known.dgradGradient());
    require(plan, operation, row.dgradWeight(), known.dgradWeight());
    require(plan, operation, row.wgradGradient(), known.wgradGradient());
    require(plan, operation, row.wgradInput(), known.wgradActivation());
    return new LinearPrecision.Fp8(powerOfTwo);
  }

  private static void require(
      PrecisionPlan plan, Operation operation, Storage found, QuantizationRecipe expected) {
    if (!expected.equals(found.recipe())) {
      throw new IllegalArgumentException(
          "precision plan '"
              + plan.name()
              + "', "
              + operation
              + ": linear layers expect "
              + Storage.quantized(expected)
              + ", found "
              + found);
    }
  }

  private static Precision precision(PrecisionPlan plan, Operation operation) {
    return dtype(plan.name(), plan.of(operation).input().format()) == DType.BF16
        ? Precision.BF16
        : Precision.F32;
  }

  private static DType dtype(String plan, Format format) {
    if (format == Formats.FP32) {
      return DType.F32;
    }
    if (format == Formats.BF16) {
      return DType.BF16;
    }
    throw new IllegalArgumentException(
        "precision plan '" + plan + "': expected FP32 or BF16, found " + format.name());
  }
}
