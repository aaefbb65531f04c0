package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** bias[e] += speed below the mean load, -= speed above it. */
public final class ExpertBiasStep {
  private ExpertBiasStep() {}

  /**
   * One work item an expert, each of which adds up all loads.
   *
   * @param load F32 [experts]
   * @param bias F32 [experts], updated
   */
  public static void expertBiasStep(FloatArray load, FloatArray bias, int experts, float speed) {
    for (@Parallel int e = 0; e < experts; e++) {
      float sum = 0f;
      for (int i = 0; i < experts; i++) {
        sum = sum + load.get(i);
      }
      float mean = sum / experts;
      float step = load.get(e) < mean ? speed : 0f;
      step = load.get(e) > mean ? -speed : step;
      bias.set(e, bias.get(e) + step);
    }
  }
}
