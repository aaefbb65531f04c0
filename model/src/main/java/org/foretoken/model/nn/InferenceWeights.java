package org.foretoken.model.nn;

import org.foretoken.model.config.ModelConfig;

/** Writes the resident FP8 codes that inference graphs read instead of the master weights. */
public final class InferenceWeights {
  private InferenceWeights() {}

  /** Emits the quantization of every weight that the precision table wants in FP8. */
  public static void emit(Tape tape, ModelConfig config, ModelLayout layout) {
    for (ParameterSpec spec : layout.parameters()) {
      if (isBlockLinear(spec.name())) {
        switch (tape.precision().blockLinear()) {
          case LinearPrecision.Plain _ -> {}
          case LinearPrecision.Fp8 fp8 -> quantize(tape, spec, fp8.powerOfTwoScales());
          case LinearPrecision.FakeQuantized fake ->
              FakeLinear.quantizeResident(tape, spec.name(), fake.recipe());
        }
      }
    }
  }

  /** Emits the quantization of one weight, a matrix or a stack of experts' matrices. */
  public static void quantize(Tape tape, ParameterSpec spec, boolean powerOfTwo) {
    if (spec.stacked()) {
      ExpertLinear.quantizeResident(tape, spec.name(), powerOfTwo);
    } else {
      Linear.quantizeResident(tape, spec.name(), powerOfTwo);
    }
  }

  /** As {@link #emit}, for graphs that decode on caches. */
  public static void emitForDecoding(Tape tape, ModelConfig config, ModelLayout layout) {
    emit(tape, config, layout);
    if (tape.precision().blockLinear() instanceof LinearPrecision.Fp8) {
      AbsorbedWeight.emit(tape, config, layout);
    }
  }

  /** Whether a parameter is the matrix of a linear layer inside a transformer block. */
  public static boolean isBlockLinear(String name) {
    return (name.endsWith("_proj.weight") || name.endsWith("_proj_with_mqa.weight"))
        && !name.endsWith("eh_proj.weight");
  }
}
