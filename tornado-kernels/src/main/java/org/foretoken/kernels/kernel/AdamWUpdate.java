package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; param -= lr (mHat / (sqrt(vHat) + eps) + decay
 * param).
 *
 * <p>g is the gradient clipped by its global norm, mHat = m / (1 - b1^t), vHat = v / (1 - b2^t);
 * arXiv 1711.05101, algorithm 2.
 */
public final class AdamWUpdate {
  private AdamWUpdate() {}

  /**
   * One work item an element, moments in FP32.
   *
   * @param grad F32 [n]
   * @param hyper F32 [8]: lr, b1, b2, eps, decay, 1 - b1^t, 1 - b2^t, largest gradient norm or 0
   * @param sumSquares F32 [1]: squared norm of all gradients
   * @param param F32 [n], updated
   * @param m F32 [n], updated
   * @param v F32 [n], updated
   * @param decayed 1 where weight decay applies, else 0
   */
  public static void adamWUpdate(
      FloatArray grad,
      FloatArray hyper,
      FloatArray sumSquares,
      FloatArray param,
      FloatArray m,
      FloatArray v,
      int n,
      int decayed) {
    for (@Parallel int i = 0; i < n; i++) {
      float g = grad.get(i) * clip(hyper.get(7), sumSquares.get(0));
      float mNew = hyper.get(1) * m.get(i) + (1f - hyper.get(1)) * g;
      float vNew = hyper.get(2) * v.get(i) + (1f - hyper.get(2)) * g * g;
      m.set(i, mNew);
      v.set(i, vNew);
      float step = mNew / hyper.get(5) / (TornadoMath.sqrt(vNew / hyper.get(6)) + hyper.get(3));
      float decay = hyper.get(4) * decayed;
      param.set(i, param.get(i) - hyper.get(0) * (step + decay * param.get(i)));
    }
  }

  /** The factor on gradients: largest / norm where the norm is larger than largest > 0, else 1. */
  static float clip(float largest, float squares) {
    float norm = TornadoMath.sqrt(squares);
    float factor = 1f;
    if (largest > 0f) {
      if (norm > largest) {
        factor = largest / norm;
      }
    }
    return factor;
  }
}
