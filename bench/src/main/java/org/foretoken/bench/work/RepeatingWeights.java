package org.foretoken.bench.work;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterNames;
import org.foretoken.model.nn.ParameterSpec;
import org.foretoken.model.train.ParameterInit;

/**
 * Weights with which trunk and MTP modules say the last token again and again, so that every draft
 * is accepted, at the cost of any other weights:
 *
 * <pre>
 *   o_proj, down_proj   zeros: a block gives its input back
 *   eh_proj             [I, 0]: a module passes on the embedding of its token
 *   lm_head             the embedding itself: of random rows the likeliest is the same one
 * </pre>
 *
 * <p>A product takes as long with zeros as without: its operands are packed and read all the same.
 */
final class RepeatingWeights {
  private RepeatingWeights() {}

  /** Replaces those among the initial weights of {@code seed}, which the backend has. */
  static void upload(Backend backend, ModelConfig config, ModelLayout layout, long seed) {
    ParameterSpec embedding = spec(layout, ParameterNames.EMBEDDING);
    for (ParameterSpec spec : layout.parameters()) {
      String name = spec.name();
      float[] values = null;
      if (name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight")) {
        values = new float[Math.toIntExact(spec.elements())];
      } else if (name.endsWith("eh_proj.weight")) {
        values = leftIdentity(spec.shape().dim(0), spec.shape().dim(1));
      } else if (name.equals(ParameterNames.HEAD)) {
        values = ParameterInit.values(embedding, config, seed);
      }
      if (values != null) {
        backend.upload(name, MemorySegment.ofArray(values));
      }
    }
  }

  private static ParameterSpec spec(ModelLayout layout, String name) {
    return layout.parameters().stream()
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static float[] leftIdentity(int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < rows; i++) {
      values[i * columns + i] = 1f;
    }
    return values;
  }
}
