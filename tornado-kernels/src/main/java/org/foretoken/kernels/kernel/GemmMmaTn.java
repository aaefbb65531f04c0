package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** c[m,n] (+)= a[k,m]^T b[k,n] in BF16 on tensor cores: wgrad. */
public final class GemmMmaTn {
  private GemmMmaTn() {}

  /**
   * One warp, which is the whole work group, computes a tile of {@link MmaTile#ROWS} x {@link
   * MmaTile#COLUMNS} as 4 x 4 fragments; work group (g, h) that of tile row h and tile column g.
   *
   * @param a BF16 [k, m], row-major, two to an int, from element aOffset on
   * @param b BF16 [k, n], row-major, two to an int, from element bOffset on
   * @param c F32 [m, n], row-major, from element cOffset on, written or updated
   * @param scratch F32 [m, n], undefined before and after
   * @param m a multiple of 64
   * @param n a multiple of 32
   * @param k a multiple of 16
   * @param accumulate 1 to add to c, 0 to overwrite it
   */
  public static void gemmMmaTn(
      KernelContext context,
      IntArray a,
      IntArray b,
      FloatArray c,
      FloatArray scratch,
      int m,
      int n,
      int k,
      int aOffset,
      int bOffset,
      int cOffset,
      int accumulate) {
    int[] aTile0 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] aTile1 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] aTile2 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] aTile3 = context.allocateIntLocalArray(MmaTile.A_INTS);
    int[] bTile0 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] bTile1 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] bTile2 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int[] bTile3 = context.allocateIntLocalArray(MmaTile.B_INTS);
    int start = context.groupIdz; // 0: see GemmTile
    int lane = context.localIdx;
    int firstRow = context.groupIdy * MmaTile.ROWS;
    int firstColumn = context.groupIdx * MmaTile.COLUMNS;
    int down = lane / 4;
    int across = lane % 4 * 2;
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
    for (int inner = start; inner < k; inner += MmaTile.BF16_DEPTH) {
      context.localBarrier();
      // Two rows at two inner indices become two words of two inner indices.
      for (int i = lane; i < MmaTile.A_INTS / 2; i += MmaTile.GROUP) {
        int depth = i / 8;
        int word = i % 8;
        int from = (aOffset + (inner + 2 * depth) * m + firstRow) / 2 + word;
        int even0 = a.get(from);
        int odd0 = a.get(from + m / 2);
        aTile0[word * 16 + depth] = (even0 & 0xFFFF) | odd0 << 16;
        aTile0[word * 16 + 8 + depth] = ((even0 >> 16) & 0xFFFF) | (odd0 & 0xFFFF0000);
        int even1 = a.get(from + 8);
        int odd1 = a.get(from + m / 2 + 8);
        aTile1[word * 16 + depth] = (even1 & 0xFFFF) | odd1 << 16;
        aTile1[word * 16 + 8 + depth] = ((even1 >> 16) & 0xFFFF) | (odd1 & 0xFFFF0000);
        int even2 = a.get(from + 16);
        int odd2 = a.get(from + m / 2 + 16);
        aTile2[word * 16 + depth] = (even2 & 0xFFFF) | odd2 << 16;
        aTile2[word * 16 + 8 + depth] = ((even2 >> 16) & 0xFFFF) | (odd2 & 0xFFFF0000);
        int even3 = a.get(from + 24);
        int odd3 = a.get(from + m / 2 + 24);
        aTile3[word * 16 + depth] = (even3 & 0xFFFF) | odd3 << 16;
        aTile3[word * 16 + 8 + depth] = ((even3 >> 16) & 0xFFFF) | (odd3 & 0xFFFF0000);
      }
      for (int i = lane; i < MmaTile.B_INTS; i += MmaTile.GROUP) {
        int from = (bOffset + (inner + i / 4) * n + firstColumn) / 2 + i % 4;
        bTile0[i] = b.get(from);
        bTile1[i] = b.get(from + 4);
        bTile2[i] = b.get(from + 8);
        bTile3[i] = b.get(from + 12);
      }
      context.localBarrier();
      HalfFloat[] a0 = context.mmaLoadA(aTile0, MmaTile.BF16_DEPTH);
      HalfFloat[] a1 = context.mmaLoadA(aTile1, MmaTile.BF16_DEPTH);
      HalfFloat[] a2 = context.mmaLoadA(aTile2, MmaTile.BF16_DEPTH);
      HalfFloat[] a3 = context.mmaLoadA(aTile3, MmaTile.BF16_DEPTH);
      HalfFloat[] b0 = context.mmaLoadB(bTile0, MmaTile.BF16_DEPTH);
      c00 = context.mmaBF16(a0, b0, c00, MMAShape.M16N8K16);
      c10 = context.mmaBF16(a1, b0, c10, MMAShape.M16N8K16);
      c20 = context.mmaBF16(a2, b0, c20, MMAShape.M16N8K16);
      c30 = context.mmaBF16(a3, b0, c30, MMAShape.M16N8K16);
      HalfFloat[] b1 = context.mmaLoadB(bTile1, MmaTile.BF16_DEPTH);
      c01 = context.mmaBF16(a0, b1, c01, MMAShape.M16N8K16);
      c11 = context.mmaBF16(a1, b1, c11, MMAShape.M16N8K16);
      c21 = context.mmaBF16(a2, b1, c21, MMAShape.M16N8K16);
      c31 = context.mmaBF16(a3, b1, c31, MMAShape.M16N8K16);
      HalfFloat[] b2 = context.mmaLoadB(bTile2, MmaTile.BF16_DEPTH);
      c02 = context.mmaBF16(a0, b2, c02, MMAShape.M16N8K16);
      c12 = context.mmaBF16(a1, b2, c12, MMAShape.M16N8K16);
      c22 = context.mmaBF16(a2, b2, c22, MMAShape.M16N8K16);
      c32 = context.mmaBF16(a3, b2, c32, MMAShape.M16N8K16);
      HalfFloat[] b3 = context.mmaLoadB(bTile3, MmaTile.BF16_DEPTH);
      c03 = context.mmaBF16(a0, b3, c03, MMAShape.M16N8K16);
      c13 = context.mmaBF16(a1, b3, c13, MMAShape.M16N8K16);
      c23 = context.mmaBF16(a2, b3, c23, MMAShape.M16N8K16);
      c33 = context.mmaBF16(a3, b3, c33, MMAShape.M16N8K16);
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
    for (int i = 0; i < MmaTile.SUMS; i++) {
      int r = firstRow + i / 8 * 8 + down;
      int q = firstColumn + i % 8 / 2 * 8 + across + i % 2;
      float before = accumulate == 1 ? c.get(cOffset + r * n + q) : 0f;
      c.set(cOffset + r * n + q, before + scratch.get(r * n + q));
    }
  }
}
