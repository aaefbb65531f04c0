package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** y[i] = the value of x[i], exact; a NaN becomes an infinity, see {@link Bf16Codec#decode}. */
public final class CastFromBf16 {
  private CastFromBf16() {}

  /**
   * One work item an element.
   *
   * @param x BF16 [n]
   * @param y F32 [n], written
   */
  public static void castFromBf16(ShortArray x, FloatArray y, int n) {
    for (@Parallel int i = 0; i < n; i++) {
      y.set(i, Bf16Codec.decode(x.get(i) & 0xFFFF));
    }
  }
}
