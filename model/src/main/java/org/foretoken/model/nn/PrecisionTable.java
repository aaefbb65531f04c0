package org.foretoken.model.nn;

import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.Precision;
import org.foretoken.model.config.Recipe;

/**
 * Which operation runs in which precision under a recipe (DeepSeek-V3, section 3.3.1): the linear
 * layers of the blocks in the recipe's own precision; the output head and the MTP projection, which
 * DeepSeek publishes in BF16, in BF16; embedding, norms and attention in FP32 on a CPU.
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
    LinearPrecision bf16 = new LinearPrecision.Plain(Precision.BF16);
    LinearPrecision fp32 = new LinearPrecision.Plain(Precision.F32);
    return switch (recipe) {
      case FP32 -> new PrecisionTable(fp32, fp32, Precision.F32, DType.F32);
      case BF16 -> new PrecisionTable(bf16, bf16, Precision.BF16, DType.BF16);
      case DEEPSEEK ->
          new PrecisionTable(new LinearPrecision.Fp8(false), bf16, Precision.BF16, DType.BF16);
    };
  }
}
