package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** words[i] = BF16 of x[2i] and, in the upper half, of x[2i + 1]; ties to even. */
public final class PackBf16 {
  private PackBf16() {}

  /**
   * One work item a word.
   *
   * @param x F32 [2 n]
   * @param words BF16 [2 n], two to an int, written
   */
  public static void packBf16(FloatArray x, IntArray words, int n) {
    for (@Parallel int i = 0; i < n; i++) {
      int low = Bf16Codec.encode(x.get(2 * i));
      int high = Bf16Codec.encode(x.get(2 * i + 1));
      words.set(i, low | high << 16);
    }
  }
}
