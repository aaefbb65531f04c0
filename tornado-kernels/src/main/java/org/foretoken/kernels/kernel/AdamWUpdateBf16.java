package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** {@link AdamWUpdate} with m and v stored in BF16: rounded to nearest even after each step. */
public final class AdamWUpdateBf16 {
  private AdamWUpdateBf16() {}

  /**
   * One work item an element. The step is computed from the moments before they are rounded.
   *
   * @param grad F32 [n]
   * @param hyper F32 [8]: lr, b1, b2, eps, decay, 1 - b1^t, 1 - b2^t, largest gradient norm or 0
   * @param sumSquares F32 [1]: squared norm of all gradients
   * @param param F32 [n], updated
   * @param m BF16 [n], updated
   * @param v BF16 [n], updated
   * @param decayed 1 where weight decay applies, else 0
   */
  public static void adamWUpdateBf16(
      FloatArray grad,
      FloatArray hyper,
      FloatArray sumSquares,
      FloatArray param,
      ShortArray m,
      ShortArray v,
      int n,
      int decayed) {
    for (@Parallel int i = 0; i < n; i++) {
      float g = grad.get(i) * AdamWUpdate.clip(hyper.get(7), sumSquares.get(0));
      float mOld = Bf16Codec.decode(m.get(i) & 0xFFFF);
      float vOld = Bf16Codec.decode(v.get(i) & 0xFFFF);
      float mNew = hyper.get(1) * mOld + (1f - hyper.get(1)) * g;
      float vNew = hyper.get(2) * vOld + (1f - hyper.get(2)) * g * g;
      m.set(i, (short) Bf16Codec.encode(mNew));
      v.set(i, (short) Bf16Codec.encode(vNew));
      float step = mNew / hyper.get(5) / (TornadoMath.sqrt(vNew / hyper.get(6)) + hyper.get(3));
      float decay = hyper.get(4) * decayed;
      param.set(i, param.get(i) - hyper.get(0) * (step + decay * param.get(i)));
    }
  }
}
