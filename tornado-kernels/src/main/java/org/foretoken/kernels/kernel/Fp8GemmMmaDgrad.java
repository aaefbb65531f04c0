package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** dx[m,k] (+)= dy[m,n] w[n,k] in E4M3 on tensor cores: {@link Fp8GemmDgrad}, faster. */
public final class Fp8GemmMmaDgrad {
  private static final int BLOCK = 128;

  private Fp8GemmMmaDgrad() {}

  /**
   * The products of gradients in 1x128 groups and weights in 128x128 blocks. One warp, which is the
   * whole work group, computes a tile of {@link MmaTile#ROWS} x {@link MmaTile#COLUMNS} as 4 x 4
   * fragments; work group (g, h) that of tile row h and tile column g.
   *
   * <p>Each 128 of the inner dimension the fragments go to scratch memory, since no other way leads
   * out of them; every lane reads back what it stored, applies both scales, and adds to its sums in
   * FP32 (DeepSeek-V3, section 3.3.2).
   *
   * @param dy E4M3 [m, n], row-major; m a multiple of 64, n of 32
   * @param dyScales F32 [m, ceil(n / 128)], row-major
   * @param w E4M3 [n, k], row-major; k a multiple of 32
   * @param wScales F32 [ceil(n / 128), ceil(k / 128)], row-major
   * @param dx F32 [m, k], row-major, written or updated
   * @param scratch F32 [m, k], undefined before and after
   * @param accumulate 1 to add to dx, 0 to overwrite it
   */
  public static void fp8GemmMmaDgrad(
      KernelContext context,
      ByteArray dy,
      FloatArray dyScales,
      ByteArray w,
      FloatArray wScales,
      FloatArray dx,
      FloatArray scratch,
      int m,
      int k,
      int n,
      int accumulate) {
    int[] aTile0 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] aTile1 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] aTile2 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] aTile3 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] bTile0 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] bTile1 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] bTile2 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] bTile3 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] bRaw = context.allocateIntLocalArray(MmaTile.COLUMNS * MmaTile.DEPTH / 4);
    int start = context.groupIdz; // 0: see GemmTile
    int lane = context.localIdx;
    int firstRow = context.groupIdy * MmaTile.ROWS;
    int firstColumn = context.groupIdx * MmaTile.COLUMNS;
    int down = lane / 4;
    int across = lane % 4 * 2;
    float[] sums = new float[MmaTile.SUMS];
    for (int i = 0; i < MmaTile.SUMS; i++) {
      sums[i] = 0f;
    }
    for (int block = start; block < n; block += BLOCK) {
      int end = block + BLOCK;
      if (end > n) {
        end = n;
      }
      float[] c00 = context.mmaFragment(0f);
      float[] c01 = context.mmaFragment(0f);
      float[] c02 = context.mmaFragment(0f);
      float[] c03 = context.mmaFragment(0f);
      float[] c10 = context.mmaFragment(0f);
      float[] c11 = context.mmaFragment(0f);
      float[] c12 = context.mmaFragment(0f);
      float[] c13 = context.mmaFragment(0f);
      float[] c20 = context.mmaFragment(0f);
      float[] c21 = context.mmaFragment(0f);
      float[] c22 = context.mmaFragment(0f);
      float[] c23 = context.mmaFragment(0f);
      float[] c30 = context.mmaFragment(0f);
      float[] c31 = context.mmaFragment(0f);
      float[] c32 = context.mmaFragment(0f);
      float[] c33 = context.mmaFragment(0f);
      for (int inner = block; inner < end; inner += MmaTile.DEPTH) {
        context.localBarrier();
        for (int i = lane; i < MmaTile.A_INTS; i += MmaTile.GROUP) {
          int from = (firstRow + i / 8) * n + inner + i % 8 * 4;
          context.asyncCopyToLocal(aTile0, i, dy, from);
          context.asyncCopyToLocal(aTile1, i, dy, from + 16 * n);
          context.asyncCopyToLocal(aTile2, i, dy, from + 32 * n);
          context.asyncCopyToLocal(aTile3, i, dy, from + 48 * n);
        }
        for (int i = lane; i < MmaTile.COLUMNS * MmaTile.DEPTH / 4; i += MmaTile.GROUP) {
          context.asyncCopyToLocal(bRaw, i, w, (inner + i / 8) * k + firstColumn + i % 8 * 4);
        }
        context.asyncCopyCommit();
        context.asyncCopyWaitGroup(0);
        context.localBarrier();
        // Four columns at two inner indices become two words, of two columns each.
        int half = lane % 2;
        int depth = lane / 2;
        int even0 = bRaw[depth * 16 + half];
        int odd0 = bRaw[depth * 16 + 8 + half];
        bTile0[depth * 4 + half * 2] =
            (even0 & 0xFF) | (odd0 & 0xFF) << 8 | (even0 & 0xFF00) << 8 | (odd0 & 0xFF00) << 16;
        bTile0[depth * 4 + half * 2 + 1] =
            ((even0 >> 16) & 0xFF)
                | ((odd0 >> 16) & 0xFF) << 8
                | ((even0 >> 24) & 0xFF) << 16
                | ((odd0 >> 24) & 0xFF) << 24;
        int even1 = bRaw[2 + depth * 16 + half];
        int odd1 = bRaw[2 + depth * 16 + 8 + half];
        bTile1[depth * 4 + half * 2] =
            (even1 & 0xFF) | (odd1 & 0xFF) << 8 | (even1 & 0xFF00) << 8 | (odd1 & 0xFF00) << 16;
        bTile1[depth * 4 + half * 2 + 1] =
            ((even1 >> 16) & 0xFF)
                | ((odd1 >> 16) & 0xFF) << 8
                | ((even1 >> 24) & 0xFF) << 16
                | ((odd1 >> 24) & 0xFF) << 24;
        int even2 = bRaw[4 + depth * 16 + half];
        int odd2 = bRaw[4 + depth * 16 + 8 + half];
        bTile2[depth * 4 + half * 2] =
            (even2 & 0xFF) | (odd2 & 0xFF) << 8 | (even2 & 0xFF00) << 8 | (odd2 & 0xFF00) << 16;
        bTile2[depth * 4 + half * 2 + 1] =
            ((even2 >> 16) & 0xFF)
                | ((odd2 >> 16) & 0xFF) << 8
                | ((even2 >> 24) & 0xFF) << 16
                | ((odd2 >> 24) & 0xFF) << 24;
        int even3 = bRaw[6 + depth * 16 + half];
        int odd3 = bRaw[6 + depth * 16 + 8 + half];
        bTile3[depth * 4 + half * 2] =
            (even3 & 0xFF) | (odd3 & 0xFF) << 8 | (even3 & 0xFF00) << 8 | (odd3 & 0xFF00) << 16;
        bTile3[depth * 4 + half * 2 + 1] =
            ((even3 >> 16) & 0xFF)
                | ((odd3 >> 16) & 0xFF) << 8
                | ((even3 >> 24) & 0xFF) << 16
                | ((odd3 >> 24) & 0xFF) << 24;
        context.localBarrier();
        byte[] a0 = context.mmaLoadAFP8(aTile0, MmaTile.DEPTH);
        byte[] a1 = context.mmaLoadAFP8(aTile1, MmaTile.DEPTH);
        byte[] a2 = context.mmaLoadAFP8(aTile2, MmaTile.DEPTH);
        byte[] a3 = context.mmaLoadAFP8(aTile3, MmaTile.DEPTH);
        byte[] b0 = context.mmaLoadBFP8(bTile0, MmaTile.DEPTH);
        c00 = context.mmaFP8E4M3(a0, b0, c00, MMAShape.M16N8K32);
        c10 = context.mmaFP8E4M3(a1, b0, c10, MMAShape.M16N8K32);
        c20 = context.mmaFP8E4M3(a2, b0, c20, MMAShape.M16N8K32);
        c30 = context.mmaFP8E4M3(a3, b0, c30, MMAShape.M16N8K32);
        byte[] b1 = context.mmaLoadBFP8(bTile1, MmaTile.DEPTH);
        c01 = context.mmaFP8E4M3(a0, b1, c01, MMAShape.M16N8K32);
        c11 = context.mmaFP8E4M3(a1, b1, c11, MMAShape.M16N8K32);
        c21 = context.mmaFP8E4M3(a2, b1, c21, MMAShape.M16N8K32);
        c31 = context.mmaFP8E4M3(a3, b1, c31, MMAShape.M16N8K32);
        byte[] b2 = context.mmaLoadBFP8(bTile2, MmaTile.DEPTH);
        c02 = context.mmaFP8E4M3(a0, b2, c02, MMAShape.M16N8K32);
        c12 = context.mmaFP8E4M3(a1, b2, c12, MMAShape.M16N8K32);
        c22 = context.mmaFP8E4M3(a2, b2, c22, MMAShape.M16N8K32);
        c32 = context.mmaFP8E4M3(a3, b2, c32, MMAShape.M16N8K32);
        byte[] b3 = context.mmaLoadBFP8(bTile3, MmaTile.DEPTH);
        c03 = context.mmaFP8E4M3(a0, b3, c03, MMAShape.M16N8K32);
        c13 = context.mmaFP8E4M3(a1, b3, c13, MMAShape.M16N8K32);
        c23 = context.mmaFP8E4M3(a2, b3, c23, MMAShape.M16N8K32);
        c33 = context.mmaFP8E4M3(a3, b3, c33, MMAShape.M16N8K32);
      }
      context.mmaStore(c00, scratch, firstRow, firstColumn, k);
      context.mmaStore(c01, scratch, firstRow, firstColumn + 8, k);
      context.mmaStore(c02, scratch, firstRow, firstColumn + 16, k);
      context.mmaStore(c03, scratch, firstRow, firstColumn + 24, k);
      context.mmaStore(c10, scratch, firstRow + 16, firstColumn, k);
      context.mmaStore(c11, scratch, firstRow + 16, firstColumn + 8, k);
      context.mmaStore(c12, scratch, firstRow + 16, firstColumn + 16, k);
      context.mmaStore(c13, scratch, firstRow + 16, firstColumn + 24, k);
      context.mmaStore(c20, scratch, firstRow + 32, firstColumn, k);
      context.mmaStore(c21, scratch, firstRow + 32, firstColumn + 8, k);
      context.mmaStore(c22, scratch, firstRow + 32, firstColumn + 16, k);
      context.mmaStore(c23, scratch, firstRow + 32, firstColumn + 24, k);
      context.mmaStore(c30, scratch, firstRow + 48, firstColumn, k);
      context.mmaStore(c31, scratch, firstRow + 48, firstColumn + 8, k);
      context.mmaStore(c32, scratch, firstRow + 48, firstColumn + 16, k);
      context.mmaStore(c33, scratch, firstRow + 48, firstColumn + 24, k);
      float weightScale =
          wScales.get(block / BLOCK * ((k + BLOCK - 1) / BLOCK) + firstColumn / BLOCK);
      for (int i = 0; i < MmaTile.SUMS / 8; i++) {
        int r = firstRow + i * 8 + down;
        float scale = dyScales.get(r * ((n + BLOCK - 1) / BLOCK) + block / BLOCK) * weightScale;
        for (int j = 0; j < 8; j++) {
          int q = firstColumn + j / 2 * 8 + across + j % 2;
          sums[i * 8 + j] = sums[i * 8 + j] + scratch.get(r * k + q) * scale;
        }
      }
    }
    for (int i = 0; i < MmaTile.SUMS; i++) {
      int r = firstRow + i / 8 * 8 + down;
      int q = firstColumn + i % 8 / 2 * 8 + across + i % 2;
      float before = accumulate == 1 ? dx.get(r * k + q) : 0f;
      dx.set(r * k + q, before + sums[i]);
    }
  }
}
