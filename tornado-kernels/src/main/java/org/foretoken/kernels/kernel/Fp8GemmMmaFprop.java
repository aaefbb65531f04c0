package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[m,n] (+)= x[m,k] w[n,k]^T in E4M3 on tensor cores: {@link Fp8GemmFprop}, faster. */
public final class Fp8GemmMmaFprop {
  private static final int BLOCK = 128;

  private Fp8GemmMmaFprop() {}

  /**
   * The products of activations in 1x128 groups and weights in 128x128 blocks. One warp, which is
   * the whole work group, computes a tile of {@link MmaTile#ROWS} x {@link MmaTile#COLUMNS} as 4 x
   * 4 fragments; work group (g, h) that of tile row h and tile column g.
   *
   * <p>Each 128 of the inner dimension the fragments go to scratch memory, since no other way leads
   * out of them; every lane reads back what it stored, applies both scales, and adds to its sums in
   * FP32 (DeepSeek-V3, section 3.3.2).
   *
   * @param x E4M3 [m, k], row-major; m a multiple of 64, k of 32
   * @param xScales F32 [m, ceil(k / 128)], row-major
   * @param w E4M3 [n, k], row-major; n a multiple of 32
   * @param wScales F32 [ceil(n / 128), ceil(k / 128)], row-major
   * @param y F32 [m, n], row-major, written or updated
   * @param scratch F32 [m, n], undefined before and after
   * @param accumulate 1 to add to y, 0 to overwrite it
   */
  public static void fp8GemmMmaFprop(
      KernelContext context,
      ByteArray x,
      FloatArray xScales,
      ByteArray w,
      FloatArray wScales,
      FloatArray y,
      FloatArray scratch,
      int m,
      int n,
      int k,
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
    for (int block = start; block < k; block += BLOCK) {
      int end = block + BLOCK;
      if (end > k) {
        end = k;
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
          int from = (firstRow + i / 8) * k + inner + i % 8 * 4;
          context.asyncCopyToLocal(aTile0, i, x, from);
          context.asyncCopyToLocal(aTile1, i, x, from + 16 * k);
          context.asyncCopyToLocal(aTile2, i, x, from + 32 * k);
          context.asyncCopyToLocal(aTile3, i, x, from + 48 * k);
        }
        for (int i = lane; i < MmaTile.COLUMNS * MmaTile.DEPTH / 4; i += MmaTile.GROUP) {
          context.asyncCopyToLocal(bRaw, i, w, (firstColumn + i / 8) * k + inner + i % 8 * 4);
        }
        context.asyncCopyCommit();
        context.asyncCopyWaitGroup(0);
        context.localBarrier();
        // Four inner indices of two columns become two words, of two inner indices each.
        int pair = lane / 8;
        int depth = lane % 8;
        int even0 = bRaw[pair * 16 + depth];
        int odd0 = bRaw[pair * 16 + 8 + depth];
        bTile0[depth * 8 + pair] = (even0 & 0xFFFF) | odd0 << 16;
        bTile0[depth * 8 + 4 + pair] = ((even0 >> 16) & 0xFFFF) | (odd0 & 0xFFFF0000);
        int even1 = bRaw[64 + pair * 16 + depth];
        int odd1 = bRaw[64 + pair * 16 + 8 + depth];
        bTile1[depth * 8 + pair] = (even1 & 0xFFFF) | odd1 << 16;
        bTile1[depth * 8 + 4 + pair] = ((even1 >> 16) & 0xFFFF) | (odd1 & 0xFFFF0000);
        int even2 = bRaw[128 + pair * 16 + depth];
        int odd2 = bRaw[128 + pair * 16 + 8 + depth];
        bTile2[depth * 8 + pair] = (even2 & 0xFFFF) | odd2 << 16;
        bTile2[depth * 8 + 4 + pair] = ((even2 >> 16) & 0xFFFF) | (odd2 & 0xFFFF0000);
        int even3 = bRaw[192 + pair * 16 + depth];
        int odd3 = bRaw[192 + pair * 16 + 8 + depth];
        bTile3[depth * 8 + pair] = (even3 & 0xFFFF) | odd3 << 16;
        bTile3[depth * 8 + 4 + pair] = ((even3 >> 16) & 0xFFFF) | (odd3 & 0xFFFF0000);
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
      context.mmaStore(c00, scratch, firstRow, firstColumn, n);
      context.mmaStore(c01, scratch, firstRow, firstColumn + 8, n);
      context.mmaStore(c02, scratch, firstRow, firstColumn + 16, n);
      context.mmaStore(c03, scratch, firstRow, firstColumn + 24, n);
      context.mmaStore(c10, scratch, firstRow + 16, firstColumn, n);
      context.mmaStore(c11, scratch, firstRow + 16, firstColumn + 8, n);
      context.mmaStore(c12, scratch, firstRow + 16, firstColumn + 16, n);
      context.mmaStore(c13, scratch, firstRow + 16, firstColumn + 24, n);
      context.mmaStore(c20, scratch, firstRow + 32, firstColumn, n);
      context.mmaStore(c21, scratch, firstRow + 32, firstColumn + 8, n);
      context.mmaStore(c22, scratch, firstRow + 32, firstColumn + 16, n);
      context.mmaStore(c23, scratch, firstRow + 32, firstColumn + 24, n);
      context.mmaStore(c30, scratch, firstRow + 48, firstColumn, n);
      context.mmaStore(c31, scratch, firstRow + 48, firstColumn + 8, n);
      context.mmaStore(c32, scratch, firstRow + 48, firstColumn + 16, n);
      context.mmaStore(c33, scratch, firstRow + 48, firstColumn + 24, n);
      float weightScale =
          wScales.get(firstColumn / BLOCK * ((k + BLOCK - 1) / BLOCK) + block / BLOCK);
      for (int i = 0; i < MmaTile.SUMS / 8; i++) {
        int r = firstRow + i * 8 + down;
        float scale = xScales.get(r * ((k + BLOCK - 1) / BLOCK) + block / BLOCK) * weightScale;
        for (int j = 0; j < 8; j++) {
          int q = firstColumn + j / 2 * 8 + across + j % 2;
          sums[i * 8 + j] = sums[i * 8 + j] + scratch.get(r * n + q) * scale;
        }
      }
    }
    for (int i = 0; i < MmaTile.SUMS; i++) {
      int r = firstRow + i / 8 * 8 + down;
      int q = firstColumn + i % 8 / 2 * 8 + across + i % 2;
      float before = accumulate == 1 ? y.get(r * n + q) : 0f;
      y.set(r * n + q, before + sums[i]);
    }
  }
}
