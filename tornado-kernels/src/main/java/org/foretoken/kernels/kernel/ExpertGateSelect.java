package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** scores = sigmoid(logits); the K largest scores + bias of the best groups; their gates. */
public final class ExpertGateSelect {
  /** What NaN counts as. */
  private static final float LEAST = -3e38f;

  private ExpertGateSelect() {}

  /**
   * One work item a row. Each pick is the first of those that come after the one before in the
   * order of falling value and rising index.
   *
   * @param logits F32 [rows, experts], row-major
   * @param bias F32 [experts]
   * @param scores F32 [rows, experts], row-major, written
   * @param selected I32 [rows, perToken], row-major, written
   * @param gates F32 [rows, perToken], row-major, written
   * @param groups of neighbouring experts
   * @param topkGroup groups that experts may come from
   * @param normalize 1 to divide gates by the sum of the selected scores
   * @param scale factor on the gates
   * @param epsilon added to that sum
   */
  public static void expertGateSelect(
      FloatArray logits,
      FloatArray bias,
      FloatArray scores,
      IntArray selected,
      FloatArray gates,
      int rows,
      int experts,
      int perToken,
      int groups,
      int topkGroup,
      int normalize,
      float scale,
      float epsilon) {
    int width = experts / groups;
    for (@Parallel int n = 0; n < rows; n++) {
      for (int i = 0; i < experts; i++) {
        scores.set(n * experts + i, 1f / (1f + TornadoMath.exp(-logits.get(n * experts + i))));
      }
      int chosen = 0;
      for (int k = 0; k < topkGroup; k++) {
        int best = -1;
        float most = 0f;
        for (int g = 0; g < groups; g++) {
          float first = LEAST;
          float second = LEAST;
          for (int j = 0; j < width; j++) {
            float v = scores.get(n * experts + g * width + j) + bias.get(g * width + j);
            v = v == v ? v : LEAST;
            float lesser = v > second ? v : second;
            second = v > first ? first : lesser;
            first = v > first ? v : first;
          }
          float score = width > 1 ? first + second : first;
          int better = score > most ? 1 : 0;
          better = best < 0 ? 1 : better;
          better = ((chosen >> g) & 1) == 0 ? better : 0;
          best = better == 1 ? g : best;
          most = better == 1 ? score : most;
        }
        chosen = chosen + (1 << best);
      }
      float last = -LEAST;
      int lastIndex = -1;
      float sum = epsilon;
      for (int k = 0; k < perToken; k++) {
        int best = -1;
        float most = 0f;
        for (int i = 0; i < experts; i++) {
          float v = scores.get(n * experts + i) + bias.get(i);
          v = v == v ? v : LEAST;
          int tie = i > lastIndex ? 1 : 0;
          tie = v == last ? tie : 0;
          int after = v < last ? 1 : tie;
          int better = v > most ? 1 : 0;
          better = best < 0 ? 1 : better;
          better = better * after * ((chosen >> (i / width)) & 1);
          best = better == 1 ? i : best;
          most = better == 1 ? v : most;
        }
        selected.set(n * perToken + k, best);
        sum = sum + scores.get(n * experts + best);
        last = most;
        lastIndex = best;
      }
      for (int k = 0; k < perToken; k++) {
        float score = scores.get(n * experts + selected.get(n * perToken + k));
        float gate = normalize == 1 ? score / sum : score;
        gates.set(n * perToken + k, scale * gate);
      }
    }
  }
}
