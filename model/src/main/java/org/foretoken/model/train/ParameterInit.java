package org.foretoken.model.train;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;

/**
 * Initial weights. Each parameter's values depend on the seed and its own name alone, so the trunk
 * starts the same whatever the number of MTP modules.
 */
public final class ParameterInit {
  private ParameterInit() {}

  /** Writes the initial value of every parameter and buffer to the backend. */
  public static void upload(Backend backend, ModelConfig config, ModelLayout layout, long seed) {
    layout
        .tensors()
        .forEach(s -> backend.upload(s.name(), MemorySegment.ofArray(values(s, config, seed))));
  }

  /** The initial values of one parameter or buffer, row-major. */
  public static float[] values(ParameterSpec spec, ModelConfig config, long seed) {
    float[] values = new float[Math.toIntExact(spec.elements())];
    double std =
        switch (spec.init()) {
          case ONES, BALANCE -> 0;
          case NORMAL -> config.initStd();
          case NORMAL_RESIDUAL -> config.initStd() / Math.sqrt(2.0 * Math.max(1, config.layers()));
        };
    if (std == 0) {
      Arrays.fill(values, spec.init() == ParameterSpec.Init.ONES ? 1f : 0f);
      return values;
    }
    SplittableRandom random = new SplittableRandom(seed * 31 + spec.name().hashCode());
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.nextGaussian() * std);
    }
    return values;
  }
}
