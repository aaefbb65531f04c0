package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[i] = x[i] rounded to BF16, ties to even: operands of a product of that precision. */
public final class RoundBf16 {
  private RoundBf16() {}

  /**
   * One work item an element.
   *
   * @param x F32 [n], from element offset on
   * @param y F32 [n], written from its first element on
   */
  public static void roundBf16(FloatArray x, FloatArray y, int offset, int n) {
    for (@Parallel int i = 0; i < n; i++) {
      y.set(i, Bf16Codec.round(x.get(offset + i)));
    }
  }
}
