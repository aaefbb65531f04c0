package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** scores = sigmoid(logits); the K largest scores + bias of the best groups; their gates. */
public final class ExpertGateSelect {
  /** What NaN counts as, and anything below; two of them can be added. */
  private static final float LEAST = -1e38f;

  /** Below everything that counts: what nothing picks. */
  private static final float NONE = -3e38f;

  private ExpertGateSelect() {}

  /**
   * One work item a row. Each pick is the first of those that come after the one before in the
   * order of falling value and rising index: among the experts up to that one the smaller values,
   * among those behind it the equal ones too. What may not be picked is masked by arithmetic, since
   * TornadoVM loses negations where one choice depends on another.
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
        int best = 0;
        float most = NONE;
        for (int g = 0; g < groups; g++) {
          float first = LEAST;
          float second = LEAST;
          for (int j = 0; j < width; j++) {
            float v = scores.get(n * experts + g * width + j) + bias.get(g * width + j);
            v = v > LEAST ? v : LEAST;
            float lesser = v > second ? v : second;
            second = v > first ? first : lesser;
            first = v > first ? v : first;
          }
          float score = width > 1 ? first + second : first;
          float taken = (chosen >> g) & 1;
          score = score * (1f - taken) + NONE * taken;
          best = score > most ? g : best;
          most = score > most ? score : most;
        }
        chosen = chosen + (1 << best);
      }
      float last = -NONE;
      int lastIndex = -1;
      float sum = epsilon;
      for (int k = 0; k < perToken; k++) {
        int best = 0;
        float most = NONE;
        for (int i = 0; i <= lastIndex; i++) {
          float v = scores.get(n * experts + i) + bias.get(i);
          v = v > LEAST ? v : LEAST;
          float open = (chosen >> (i / width)) & 1;
          v = v * open + NONE * (1f - open);
          v = v < last ? v : NONE;
          best = v > most ? i : best;
          most = v > most ? v : most;
        }
        for (int i = lastIndex + 1; i < experts; i++) {
          float v = scores.get(n * experts + i) + bias.get(i);
          v = v > LEAST ? v : LEAST;
          float open = (chosen >> (i / width)) & 1;
          v = v * open + NONE * (1f - open);
          v = v <= last ? v : NONE;
          best = v > most ? i : best;
          most = v > most ? v : most;
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
