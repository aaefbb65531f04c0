package org.foretoken.kernels.cuda.ptx;

import org.foretoken.fp8.E4M3;

/**
 * {@code wgmma.mma_async m64n128k32.f32.e4m3.e4m3}, the part of one warp: 16 rows of a, all rows of
 * b. Both operands are in shared memory, described as PTX ISA, "Matrix Descriptor Format" says,
 * inner dimension last and swizzled over 128 bytes. Sums are FP32's, not the tensor core's.
 */
final class Wgmma {
  private static final int N = 128;
  private static final int K = 32;
  private static final float[] VALUES = new float[256];

  static {
    for (int code = 0; code < VALUES.length; code++) {
      VALUES[code] = E4M3.decode((byte) code);
    }
  }

  private Wgmma() {}

  /**
   * Puts a b^T, or d + a b^T, into the warp's registers.
   *
   * @param d its 64 accumulators: 4j + {0, 1} row lane / 4, + {2, 3} row + 8, columns 8j + 2 (lane
   *     mod 4) + {0, 1}
   */
  static void run(PtxWarp warp, int[] d, long a, long b, boolean add) {
    byte[] shared = warp.group.shared;
    float[][] left = rows(shared, a, warp.first / PtxWarp.LANES % 4 * 16, 16);
    float[][] right = rows(shared, b, 0, N);
    for (int lane = 0; lane < PtxWarp.LANES; lane++) {
      for (int i = 0; i < d.length; i++) {
        float[] x = left[lane / 4 + (i % 4 < 2 ? 0 : 8)];
        float[] y = right[i / 4 * 8 + lane % 4 * 2 + i % 2];
        float sum = add ? warp.getFloat(d[i], lane) : 0f;
        for (int k = 0; k < K; k++) {
          sum += x[k] * y[k];
        }
        warp.setFloat(d[i], lane, sum);
      }
    }
  }

  private static float[][] rows(byte[] shared, long descriptor, int first, int count) {
    int start = (int) (descriptor & 0x3fff) << 4;
    int stride = (int) (descriptor >>> 32 & 0x3fff) << 4;
    if (descriptor >>> 62 != 1 || (descriptor >>> 49 & 7) != 0) {
      throw new IllegalStateException(
          "descriptor " + Long.toHexString(descriptor) + ": 128 B only");
    }
    float[][] values = new float[count][K];
    for (int r = 0; r < count; r++) {
      int row = start + (first + r) / 8 * stride + (first + r) % 8 * TensorMap.BOX_BYTES;
      for (int k = 0; k < K; k++) {
        values[r][k] = VALUES[shared[TensorMap.swizzle(row + k)] & 0xff];
      }
    }
    return values;
  }
}
