package org.foretoken.model.nn;

import java.util.List;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Granularity;
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
 * What the layers read of a {@link PrecisionPlan}, the project's one table of which operation runs
 * in which precision (DeepSeek-V3, section 3.3.1).
 *
 * <p>Two rows are kept wider on a CPU than the plan asks for: attention, norms and the embedding
 * run in FP32, and activations between operations stay FP32. What is kept of them for the backward
 * pass follows the plan, but for the inputs of attention and norms, which are kept in FP32.
 *
 * @param blockLinear linear layers inside transformer blocks
 * @param ehProj the MTP module's projection M_k
 * @param head the output head
 * @param router the gate that routes rows to experts
 * @param attentionOutput what is kept of the attention's result, for its gradient and for that of
 *     the projection after it
 * @param swiGluInputs what is kept of SwiGLU's two inputs
 * @param swiGluOutput what is kept of SwiGLU's result, for the projection after it; {@link
 *     ActivationCache.Recomputed} where it is computed again from its kept inputs
 * @param moments type of AdamW's moments
 */
public record PrecisionTable(
    LinearPrecision blockLinear,
    LinearPrecision ehProj,
    Precision head,
    LinearPrecision router,
    ActivationCache attentionOutput,
    ActivationCache swiGluInputs,
    ActivationCache swiGluOutput,
    DType moments) {
  /** The table of a recipe. */
  public static PrecisionTable of(Recipe recipe) {
    return of(
        switch (recipe) {
          case FP32 -> PrecisionPlan.FP32;
          case BF16 -> PrecisionPlan.BF16;
          case DEEPSEEK -> PrecisionPlan.DEEPSEEK;
          case HYBRID -> PrecisionPlan.HYBRID;
          case TENSORWISE -> PrecisionPlan.TENSORWISE;
          case MXFP8 -> PrecisionPlan.MXFP8;
          case BLOCK_GRADIENTS ->
              PrecisionPlan.fp8("block-gradients", TrainingRecipe.BLOCK_GRADIENTS);
        });
  }

  /**
   * The table of a plan.
   *
   * @throws IllegalArgumentException when the layers cannot run a row of it
   */
  public static PrecisionTable of(PrecisionPlan plan) {
    LinearPrecision blocks = linear(plan, Operation.ATTENTION_INPUT);
    boolean simulated = blocks instanceof LinearPrecision.FakeQuantized;
    return new PrecisionTable(
        blocks,
        linear(plan, Operation.MTP_PROJECTION),
        precision(plan, Operation.OUTPUT_HEAD),
        linear(plan, Operation.ROUTER),
        cache(plan, Operation.ATTENTION_OUTPUT, simulated),
        cache(plan, Operation.SWIGLU, simulated),
        cache(plan, Operation.FEED_FORWARD_OUTPUT, simulated),
        dtype(plan.name(), plan.firstMoment()));
  }

  private static LinearPrecision linear(PrecisionPlan plan, Operation operation) {
    OperationPlan row = plan.of(operation);
    if (row.input().recipe() == null) {
      return new LinearPrecision.Plain(precision(plan, operation));
    }
    TrainingRecipe wanted =
        new TrainingRecipe(
            plan.name(),
            row.input().recipe(),
            row.weight().recipe(),
            row.gradient().recipe(),
            row.dgradWeight().recipe(),
            row.wgradGradient().recipe(),
            row.wgradInput().recipe());
    for (DType gradients : List.of(DType.E4M3, DType.E5M2)) {
      for (boolean powerOfTwo : new boolean[] {false, true}) {
        if (sameOperands(wanted, known(powerOfTwo, gradients))) {
          return new LinearPrecision.Fp8(powerOfTwo, gradients);
        }
      }
    }
    return new LinearPrecision.FakeQuantized(wanted);
  }

  private static TrainingRecipe known(boolean powerOfTwo, DType gradients) {
    TrainingRecipe base = powerOfTwo ? TrainingRecipe.DEEPSEEK_POW2 : TrainingRecipe.DEEPSEEK;
    return gradients == DType.E4M3 ? base : base.withGradients(base.name(), Formats.E5M2);
  }

  private static boolean sameOperands(TrainingRecipe a, TrainingRecipe b) {
    return a.fpropActivation().equals(b.fpropActivation())
        && a.fpropWeight().equals(b.fpropWeight())
        && a.dgradGradient().equals(b.dgradGradient())
        && a.dgradWeight().equals(b.dgradWeight())
        && a.wgradGradient().equals(b.wgradGradient())
        && a.wgradActivation().equals(b.wgradActivation());
  }

  /** What is kept of an operation's input; simulated recipes keep all of it as it is. */
  private static ActivationCache cache(PrecisionPlan plan, Operation operation, boolean simulated) {
    if (simulated) {
      return new ActivationCache.Full();
    }
    Storage cache = plan.of(operation).cache();
    if (cache == null) {
      return new ActivationCache.Recomputed();
    }
    QuantizationRecipe recipe = cache.recipe();
    if (recipe == null) {
      return dtype(plan.name(), cache.format()) == DType.BF16
          ? new ActivationCache.Bf16()
          : new ActivationCache.Full();
    }
    boolean powerOfTwo = recipe.scaleRule() == ScaleRule.POWER_OF_TWO;
    boolean known = powerOfTwo || recipe.scaleRule() == ScaleRule.AMAX;
    if (!known || !recipe.granularity().equals(Granularity.TILE_1X128)) {
      throw new IllegalArgumentException(
          "precision plan '"
              + plan.name()
              + "', "
              + operation
              + ": layers keep inputs in 1x128 groups, found "
              + cache);
    }
    return new ActivationCache.Tiles(codes(plan.name(), recipe.element()), powerOfTwo);
  }

  private static DType codes(String plan, Format format) {
    if (format == Formats.E4M3) {
      return DType.E4M3;
    }
    if (format == Formats.E5M6) {
      return DType.E5M6;
    }
    throw new IllegalArgumentException(
        "precision plan '" + plan + "': expected E4M3 or E5M6, found " + format.name());
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
