package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** dw[n,k] (+)= dy[m,n]^T x[m,k] in E4M3 on tensor cores: {@link Fp8GemmWgrad}, faster. */
public final class Fp8GemmMmaWgrad {
  private static final int BLOCK = 128;

  private Fp8GemmMmaWgrad() {}

  /**
   * The products of gradients and activations, both in 128x1 groups. One warp, which is the whole
   * work group, computes a tile of {@link MmaTile#ROWS} x {@link MmaTile#COLUMNS} as 4 x 4
   * fragments; work group (g, h) that of tile row h and tile column g.
   *
   * <p>Each 128 of the inner dimension the fragments go to scratch memory, since no other way leads
   * out of them; every lane reads back what it stored, applies both scales, and adds to its sums in
   * FP32 (DeepSeek-V3, section 3.3.2).
   *
   * @param dy E4M3 [m, n], row-major; m a multiple of 32, n of 64
   * @param dyScales F32 [ceil(m / 128), n], row-major
   * @param x E4M3 [m, k], row-major; k a multiple of 32
   * @param xScales F32 [ceil(m / 128), k], row-major
   * @param dw F32 [n, k], row-major, written or updated
   * @param scratch F32 [n, k], undefined before and after
   * @param accumulate 1 to add to dw, 0 to overwrite it
   */
  public static void fp8GemmMmaWgrad(
      KernelContext context,
      ByteArray dy,
      FloatArray dyScales,
      ByteArray x,
      FloatArray xScales,
      FloatArray dw,
      FloatArray scratch,
      int n,
      int k,
      int m,
      int accumulate) {
    int[] aTile0 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] aTile1 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] aTile2 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] aTile3 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] bTile0 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] bTile1 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] bTile2 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] bTile3 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] aRaw = context.allocateIntLocalArray(MmaTile.ROWS * MmaTile.DEPTH / 4);
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
    for (int block = start; block < m; block += BLOCK) {
      int end = block + BLOCK;
      if (end > m) {
        end = m;
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
        for (int i = lane; i < MmaTile.ROWS * MmaTile.DEPTH / 4; i += MmaTile.GROUP) {
          context.asyncCopyToLocal(aRaw, i, dy, (inner + i / 16) * n + firstRow + i % 16 * 4);
        }
        for (int i = lane; i < MmaTile.COLUMNS * MmaTile.DEPTH / 4; i += MmaTile.GROUP) {
          context.asyncCopyToLocal(bRaw, i, x, (inner + i / 8) * k + firstColumn + i % 8 * 4);
        }
        context.asyncCopyCommit();
        context.asyncCopyWaitGroup(0);
        context.localBarrier();
        // Words of four columns at four inner indices become four words of four inner indices.
        for (int i = lane; i < MmaTile.A_INTS; i += MmaTile.GROUP) {
          int word = i % 16;
          int depth = i / 16;
          int w0 = aRaw[depth * 64 + word];
          int w1 = aRaw[depth * 64 + 16 + word];
          int w2 = aRaw[depth * 64 + 32 + word];
          int w3 = aRaw[depth * 64 + 48 + word];
          int at = word % 4 * 32 + depth;
          int column0 = (w0 & 0xFF) | (w1 & 0xFF) << 8 | (w2 & 0xFF) << 16 | (w3 & 0xFF) << 24;
          int column1 =
              ((w0 >> 8) & 0xFF)
                  | ((w1 >> 8) & 0xFF) << 8
                  | ((w2 >> 8) & 0xFF) << 16
                  | ((w3 >> 8) & 0xFF) << 24;
          int column2 =
              ((w0 >> 16) & 0xFF)
                  | ((w1 >> 16) & 0xFF) << 8
                  | ((w2 >> 16) & 0xFF) << 16
                  | ((w3 >> 16) & 0xFF) << 24;
          int column3 =
              ((w0 >> 24) & 0xFF)
                  | ((w1 >> 24) & 0xFF) << 8
                  | ((w2 >> 24) & 0xFF) << 16
                  | ((w3 >> 24) & 0xFF) << 24;
          if (word / 4 == 0) {
            aTile0[at] = column0;
            aTile0[at + 8] = column1;
            aTile0[at + 16] = column2;
            aTile0[at + 24] = column3;
          }
          if (word / 4 == 1) {
            aTile1[at] = column0;
            aTile1[at + 8] = column1;
            aTile1[at + 16] = column2;
            aTile1[at + 24] = column3;
          }
          if (word / 4 == 2) {
            aTile2[at] = column0;
            aTile2[at + 8] = column1;
            aTile2[at + 16] = column2;
            aTile2[at + 24] = column3;
          }
          if (word / 4 == 3) {
            aTile3[at] = column0;
            aTile3[at + 8] = column1;
            aTile3[at + 16] = column2;
            aTile3[at + 24] = column3;
          }
        }
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
      float[] columnScales = new float[8];
      for (int j = 0; j < 8; j++) {
        int q = firstColumn + j / 2 * 8 + across + j % 2;
        columnScales[j] = xScales.get(block / BLOCK * k + q);
      }
      for (int i = 0; i < MmaTile.SUMS / 8; i++) {
        int r = firstRow + i * 8 + down;
        float rowScale = dyScales.get(block / BLOCK * n + r);
        for (int j = 0; j < 8; j++) {
          int q = firstColumn + j / 2 * 8 + across + j % 2;
          sums[i * 8 + j] = sums[i * 8 + j] + scratch.get(r * k + q) * (rowScale * columnScales[j]);
        }
      }
    }
    for (int i = 0; i < MmaTile.SUMS; i++) {
      int r = firstRow + i / 8 * 8 + down;
      int q = firstColumn + i % 8 / 2 * 8 + across + i % 2;
      float before = accumulate == 1 ? dw.get(r * k + q) : 0f;
      dw.set(r * k + q, before + sums[i]);
    }
  }
}
