package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** y[i] = BF16 of x[i]; ties to even. */
public final class CastToBf16 {
  private CastToBf16() {}

  /**
   * One work item an element.
   *
   * @param x F32 [n]
   * @param y BF16 [n], written
   */
  public static void castToBf16(FloatArray x, ShortArray y, int n) {
    for (@Parallel int i = 0; i < n; i++) {
      y.set(i, (short) Bf16Codec.encode(x.get(i)));
    }
  }
}
