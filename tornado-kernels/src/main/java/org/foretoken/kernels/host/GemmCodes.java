package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmTiles.F;
import static org.foretoken.kernels.host.GemmTiles.LANES;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * dst[4 q + b, j] = decode(byte b of quads[q, j]): FP8 codes that were transposed four at a time,
 * as the bits of floats. Shuffles move four codes for the price of one float.
 */
final class GemmCodes {
  private GemmCodes() {}

  /**
   * Decodes LANES rows of quads to 4 LANES rows of floats; false when there is a NaN or infinity.
   */
  static boolean decode(boolean e4m3, float[] quads, float[] dst, int to, int stride) {
    return e4m3 ? e4m3(quads, dst, to, stride) < 0x7f : e5m2(quads, dst, to, stride) < 0x7c;
  }

  private static int e4m3(float[] quads, float[] dst, int to, int stride) {
    ByteVector largest = load(quads, 0).reinterpretAsBytes().and((byte) 0x7f);
    for (int q = 0; q < LANES; q++) {
      IntVector codes = load(quads, q * LANES);
      int at = to + 4 * q * stride;
      largest = largest.max(codes.reinterpretAsBytes().and((byte) 0x7f));
      shift(codes, 24, 4, 0x87f00000, 0x1p120f).intoArray(dst, at);
      shift(codes, 16, 4, 0x87f00000, 0x1p120f).intoArray(dst, at + stride);
      shift(codes, 8, 4, 0x87f00000, 0x1p120f).intoArray(dst, at + 2 * stride);
      shift(codes, 0, 4, 0x87f00000, 0x1p120f).intoArray(dst, at + 3 * stride);
    }
    return largest.reduceLanes(VectorOperators.MAX);
  }

  private static int e5m2(float[] quads, float[] dst, int to, int stride) {
    ByteVector largest = load(quads, 0).reinterpretAsBytes().and((byte) 0x7f);
    for (int q = 0; q < LANES; q++) {
      IntVector codes = load(quads, q * LANES);
      int at = to + 4 * q * stride;
      largest = largest.max(codes.reinterpretAsBytes().and((byte) 0x7f));
      shift(codes, 24, 3, 0x8fe00000, 0x1p112f).intoArray(dst, at);
      shift(codes, 16, 3, 0x8fe00000, 0x1p112f).intoArray(dst, at + stride);
      shift(codes, 8, 3, 0x8fe00000, 0x1p112f).intoArray(dst, at + 2 * stride);
      shift(codes, 0, 3, 0x8fe00000, 0x1p112f).intoArray(dst, at + 3 * stride);
    }
    return largest.reduceLanes(VectorOperators.MAX);
  }

  private static IntVector load(float[] quads, int at) {
    return FloatVector.fromArray(F, quads, at).reinterpretAsInts();
  }

  // The code goes to the top, and back down with copies of its sign.
  private static FloatVector shift(IntVector codes, int up, int down, int mask, float bias) {
    return codes
        .lanewise(VectorOperators.LSHL, up)
        .lanewise(VectorOperators.ASHR, down)
        .and(mask)
        .reinterpretAsFloats()
        .mul(bias);
  }
}
