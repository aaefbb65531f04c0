package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** c[m,n] = a[m,k] b[k,n] in BF16 on tensor cores, in large tiles: dgrad. */
public final class GemmMmaBlockNn {
  private GemmMmaBlockNn() {}

  /**
   * A work group computes a tile of {@link MmaBlock}, in the order of {@link MmaBlock#tileRow}.
   *
   * @param a BF16 [m, k], row-major, two to an int
   * @param b BF16 [k, n], row-major, two to an int
   * @param c F32 [m, n], row-major, written
   * @param m a multiple of 128
   * @param n a multiple of 128
   * @param k a multiple of 32
   */
  public static void gemmMmaBlockNn(
      KernelContext context, IntArray a, IntArray b, FloatArray c, int m, int n, int k) {
    int[] aTile = context.allocateIntLocalArray(2 * MmaBlock.INTS);
    int[] bTile = context.allocateIntLocalArray(2 * MmaBlock.INTS);
    int[] aNext = new int[MmaBlock.LOADS];
    int[] bNext = new int[MmaBlock.LOADS];
    int start = context.groupIdz; // 0: see GemmTile
    int item = context.localIdx;
    int lane = item & 31;
    int warp = (item >> 5) & 3;
    int group = context.groupIdy * (n / MmaBlock.COLUMNS) + context.groupIdx;
    int tileRow = MmaBlock.tileRow(group, m / MmaBlock.ROWS, n / MmaBlock.COLUMNS);
    int tileColumn = MmaBlock.tileColumn(group, m / MmaBlock.ROWS, n / MmaBlock.COLUMNS);
    int firstRow = tileRow * MmaBlock.ROWS;
    int firstColumn = tileColumn * MmaBlock.COLUMNS;
    int warpRow = (warp & 1) * MmaBlock.WARP;
    int warpColumn = ((warp >> 1) & 1) * MmaBlock.WARP;
    // Of a, an item loads one word of sixteen rows.
    int aWord = item & 15;
    int aRow = (item >> 4) & 7;
    int aGlobal = (firstRow + aRow) * (k / 2) + aWord;
    int aLocal = aRow * 16 + (((aWord >> 2) ^ ((aRow >> 1) & 3)) << 2) + (aWord & 3);
    // Of b, an item loads two words of eight inner indices.
    int bWord = lane;
    int bGlobal = warp * (n / 2) + tileColumn * (MmaBlock.COLUMNS / 2) + bWord;
    int bLocal = warp * 64 + (((bWord >> 2) ^ warp) << 2) + (bWord & 3);
    int aOwn = MmaBlock.aOwn(lane);
    int aFirst = MmaBlock.aFragment(lane) + warpRow * 64;
    int bOwn = MmaBlock.bOwn(lane);
    int bFirst = MmaBlock.bFragment(lane) + warpColumn * 2;
    float[] c00 = context.mmaFragment(0f);
    float[] c01 = context.mmaFragment(0f);
    float[] c02 = context.mmaFragment(0f);
    float[] c03 = context.mmaFragment(0f);
    float[] c04 = context.mmaFragment(0f);
    float[] c05 = context.mmaFragment(0f);
    float[] c06 = context.mmaFragment(0f);
    float[] c07 = context.mmaFragment(0f);
    float[] c10 = context.mmaFragment(0f);
    float[] c11 = context.mmaFragment(0f);
    float[] c12 = context.mmaFragment(0f);
    float[] c13 = context.mmaFragment(0f);
    float[] c14 = context.mmaFragment(0f);
    float[] c15 = context.mmaFragment(0f);
    float[] c16 = context.mmaFragment(0f);
    float[] c17 = context.mmaFragment(0f);
    float[] c20 = context.mmaFragment(0f);
    float[] c21 = context.mmaFragment(0f);
    float[] c22 = context.mmaFragment(0f);
    float[] c23 = context.mmaFragment(0f);
    float[] c24 = context.mmaFragment(0f);
    float[] c25 = context.mmaFragment(0f);
    float[] c26 = context.mmaFragment(0f);
    float[] c27 = context.mmaFragment(0f);
    float[] c30 = context.mmaFragment(0f);
    float[] c31 = context.mmaFragment(0f);
    float[] c32 = context.mmaFragment(0f);
    float[] c33 = context.mmaFragment(0f);
    float[] c34 = context.mmaFragment(0f);
    float[] c35 = context.mmaFragment(0f);
    float[] c36 = context.mmaFragment(0f);
    float[] c37 = context.mmaFragment(0f);
    for (int i = 0; i < MmaBlock.LOADS; i++) {
      aNext[i] = a.get(aGlobal + start / 2 + i * 4 * k);
    }
    for (int i = 0; i < MmaBlock.LOADS; i++) {
      bNext[i] = b.get(bGlobal + start * (n / 2) + i / 2 * 2 * n + i % 2 * 32);
    }
    for (int i = 0; i < MmaBlock.LOADS; i++) {
      aTile[aLocal + i * 128] = aNext[i];
    }
    for (int i = 0; i < MmaBlock.LOADS; i++) {
      int turn = i / 2 % 2 * 16 + i / 4 % 2 * 4;
      bTile[(bLocal ^ turn) + i / 2 * 256 + i % 2 * 32] = bNext[i];
    }
    context.localBarrier();
    int stage = 0;
    for (int inner = start; inner < k; inner += MmaBlock.DEPTH) {
      int next = inner + MmaBlock.DEPTH;
      if (next >= k) {
        next = start;
      }
      for (int i = 0; i < MmaBlock.LOADS; i++) {
        aNext[i] = a.get(aGlobal + next / 2 + i * 4 * k);
      }
      for (int i = 0; i < MmaBlock.LOADS; i++) {
        bNext[i] = b.get(bGlobal + next * (n / 2) + i / 2 * 2 * n + i % 2 * 32);
      }
      for (int step = 0; step < MmaBlock.DEPTH / MmaBlock.STEP; step++) {
        int aFrom = (aFirst ^ (step * 32)) + stage * 4;
        int bFrom = bFirst + step * 4096 + stage * 4;
        HalfFloat[] a0 = context.mmaLoadA(aTile, MmaBlock.STEP, aFrom - aOwn);
        HalfFloat[] a1 = context.mmaLoadA(aTile, MmaBlock.STEP, aFrom - aOwn + 1024);
        HalfFloat[] a2 = context.mmaLoadA(aTile, MmaBlock.STEP, aFrom - aOwn + 2048);
        HalfFloat[] a3 = context.mmaLoadA(aTile, MmaBlock.STEP, aFrom - aOwn + 3072);
        HalfFloat[] b0 = context.mmaLoadB(bTile, MmaBlock.STEP, bFrom - bOwn);
        c00 = context.mmaBF16(a0, b0, c00, MMAShape.M16N8K16);
        c10 = context.mmaBF16(a1, b0, c10, MMAShape.M16N8K16);
        c20 = context.mmaBF16(a2, b0, c20, MMAShape.M16N8K16);
        c30 = context.mmaBF16(a3, b0, c30, MMAShape.M16N8K16);
        HalfFloat[] b1 = context.mmaLoadB(bTile, MmaBlock.STEP, (bFrom ^ 16) - bOwn);
        c01 = context.mmaBF16(a0, b1, c01, MMAShape.M16N8K16);
        c11 = context.mmaBF16(a1, b1, c11, MMAShape.M16N8K16);
        c21 = context.mmaBF16(a2, b1, c21, MMAShape.M16N8K16);
        c31 = context.mmaBF16(a3, b1, c31, MMAShape.M16N8K16);
        HalfFloat[] b2 = context.mmaLoadB(bTile, MmaBlock.STEP, (bFrom ^ 32) - bOwn);
        c02 = context.mmaBF16(a0, b2, c02, MMAShape.M16N8K16);
        c12 = context.mmaBF16(a1, b2, c12, MMAShape.M16N8K16);
        c22 = context.mmaBF16(a2, b2, c22, MMAShape.M16N8K16);
        c32 = context.mmaBF16(a3, b2, c32, MMAShape.M16N8K16);
        HalfFloat[] b3 = context.mmaLoadB(bTile, MmaBlock.STEP, (bFrom ^ 48) - bOwn);
        c03 = context.mmaBF16(a0, b3, c03, MMAShape.M16N8K16);
        c13 = context.mmaBF16(a1, b3, c13, MMAShape.M16N8K16);
        c23 = context.mmaBF16(a2, b3, c23, MMAShape.M16N8K16);
        c33 = context.mmaBF16(a3, b3, c33, MMAShape.M16N8K16);
        HalfFloat[] b4 = context.mmaLoadB(bTile, MmaBlock.STEP, (bFrom ^ 64) - bOwn);
        c04 = context.mmaBF16(a0, b4, c04, MMAShape.M16N8K16);
        c14 = context.mmaBF16(a1, b4, c14, MMAShape.M16N8K16);
        c24 = context.mmaBF16(a2, b4, c24, MMAShape.M16N8K16);
        c34 = context.mmaBF16(a3, b4, c34, MMAShape.M16N8K16);
        HalfFloat[] b5 = context.mmaLoadB(bTile, MmaBlock.STEP, (bFrom ^ 80) - bOwn);
        c05 = context.mmaBF16(a0, b5, c05, MMAShape.M16N8K16);
        c15 = context.mmaBF16(a1, b5, c15, MMAShape.M16N8K16);
        c25 = context.mmaBF16(a2, b5, c25, MMAShape.M16N8K16);
        c35 = context.mmaBF16(a3, b5, c35, MMAShape.M16N8K16);
        HalfFloat[] b6 = context.mmaLoadB(bTile, MmaBlock.STEP, (bFrom ^ 96) - bOwn);
        c06 = context.mmaBF16(a0, b6, c06, MMAShape.M16N8K16);
        c16 = context.mmaBF16(a1, b6, c16, MMAShape.M16N8K16);
        c26 = context.mmaBF16(a2, b6, c26, MMAShape.M16N8K16);
        c36 = context.mmaBF16(a3, b6, c36, MMAShape.M16N8K16);
        HalfFloat[] b7 = context.mmaLoadB(bTile, MmaBlock.STEP, (bFrom ^ 112) - bOwn);
        c07 = context.mmaBF16(a0, b7, c07, MMAShape.M16N8K16);
        c17 = context.mmaBF16(a1, b7, c17, MMAShape.M16N8K16);
        c27 = context.mmaBF16(a2, b7, c27, MMAShape.M16N8K16);
        c37 = context.mmaBF16(a3, b7, c37, MMAShape.M16N8K16);
      }
      stage = MmaBlock.INTS - stage;
      for (int i = 0; i < MmaBlock.LOADS; i++) {
        aTile[aLocal + stage + i * 128] = aNext[i];
      }
      for (int i = 0; i < MmaBlock.LOADS; i++) {
        int turn = i / 2 % 2 * 16 + i / 4 % 2 * 4;
        bTile[(bLocal ^ turn) + stage + i / 2 * 256 + i % 2 * 32] = bNext[i];
      }
      context.localBarrier();
    }
    int row = firstRow + warpRow;
    int column = firstColumn + warpColumn;
    context.mmaStore(c00, c, row, column, n);
    context.mmaStore(c01, c, row, column + 8, n);
    context.mmaStore(c02, c, row, column + 16, n);
    context.mmaStore(c03, c, row, column + 24, n);
    context.mmaStore(c04, c, row, column + 32, n);
    context.mmaStore(c05, c, row, column + 40, n);
    context.mmaStore(c06, c, row, column + 48, n);
    context.mmaStore(c07, c, row, column + 56, n);
    context.mmaStore(c10, c, row + 16, column, n);
    context.mmaStore(c11, c, row + 16, column + 8, n);
    context.mmaStore(c12, c, row + 16, column + 16, n);
    context.mmaStore(c13, c, row + 16, column + 24, n);
    context.mmaStore(c14, c, row + 16, column + 32, n);
    context.mmaStore(c15, c, row + 16, column + 40, n);
    context.mmaStore(c16, c, row + 16, column + 48, n);
    context.mmaStore(c17, c, row + 16, column + 56, n);
    context.mmaStore(c20, c, row + 32, column, n);
    context.mmaStore(c21, c, row + 32, column + 8, n);
    context.mmaStore(c22, c, row + 32, column + 16, n);
    context.mmaStore(c23, c, row + 32, column + 24, n);
    context.mmaStore(c24, c, row + 32, column + 32, n);
    context.mmaStore(c25, c, row + 32, column + 40, n);
    context.mmaStore(c26, c, row + 32, column + 48, n);
    context.mmaStore(c27, c, row + 32, column + 56, n);
    context.mmaStore(c30, c, row + 48, column, n);
    context.mmaStore(c31, c, row + 48, column + 8, n);
    context.mmaStore(c32, c, row + 48, column + 16, n);
    context.mmaStore(c33, c, row + 48, column + 24, n);
    context.mmaStore(c34, c, row + 48, column + 32, n);
    context.mmaStore(c35, c, row + 48, column + 40, n);
    context.mmaStore(c36, c, row + 48, column + 48, n);
    context.mmaStore(c37, c, row + 48, column + 56, n);
  }
}
