package org.foretoken.model.nn;

import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Precision;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;

/**
 * The weight of a linear layer that decoding absorbs into what is around it, with the values that
 * the layer itself multiplies by: in FP8 those of the codes, which are decoded once into a resident
 * FP32 copy.
 *
 * @param weight [out, in]
 * @param operands how operands enter the absorbed products
 */
public record AbsorbedWeight(Tensor weight, Precision operands) {
  /** Declares the weight of the parameter {@code name}. */
  public static AbsorbedWeight of(Tape tape, String name, LinearPrecision precision) {
    Tensor parameter = tape.parameter(name);
    return switch (precision) {
      case LinearPrecision.Plain p -> new AbsorbedWeight(parameter, p.operands());
      case LinearPrecision.Fp8 p -> new AbsorbedWeight(decoded(tape, parameter), Precision.F32);
      case LinearPrecision.FakeQuantized _ ->
          new AbsorbedWeight(FakeLinear.residentWeight(tape, parameter), Precision.F32);
    };
  }

  /**
   * Emits the decoding of every weight that decoding absorbs, behind {@link InferenceWeights#emit},
   * which writes the codes.
   */
  static void emit(Tape tape, ModelConfig config, ModelLayout layout) {
    if (!(config.attention() instanceof AttentionConfig.Latent)) {
      return;
    }
    for (ParameterSpec spec : layout.parameters()) {
      if (spec.name().endsWith("kv_b_proj.weight")) {
        Linear.dequantizeResident(tape, spec.name(), decoded(tape, tape.parameter(spec.name())));
      }
    }
  }

  private static Tensor decoded(Tape tape, Tensor parameter) {
    return tape.graph()
        .declare(
            "absorbed." + parameter.name(),
            DType.F32,
            Role.STATE,
            parameter.rows(),
            parameter.columns());
  }
}
