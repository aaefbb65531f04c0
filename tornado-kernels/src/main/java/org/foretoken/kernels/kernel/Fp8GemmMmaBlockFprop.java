package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** y[m,n] (+)= x[m,k] w[n,k]^T of E4M3 codes on tensor cores, in large tiles: fprop. */
public final class Fp8GemmMmaBlockFprop {
  private static final int BLOCK = 128;

  private Fp8GemmMmaBlockFprop() {}

  /**
   * Work group (g, h) computes the tile of {@link MmaBlock} in tile row h and tile column g by
   * eight warps, two by four, of 64 x 32 elements each. The codes are multiplied as FP16, whose
   * values they are but for a power of two: Hopper's {@code mma.sync} does the same, and FP16
   * fragments load from anywhere in local memory. Every {@value #BLOCK} inner elements the products
   * are scaled and added in FP32.
   *
   * @param x E4M3 [m, k], row-major
   * @param xScales F32 [m, k / 128], row-major
   * @param w E4M3 [n, k], row-major
   * @param wScales F32 [n / 128, k / 128], row-major
   * @param y F32 [m, n], row-major, written or updated
   * @param scratch F32 [m, n], undefined before and after
   * @param m a multiple of 128
   * @param n a multiple of 128
   * @param k a multiple of 128
   * @param accumulate 1 to add to y, 0 to overwrite it
   */
  public static void fp8GemmMmaBlockFprop(
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
    int[] aTile = context.allocateIntLocalArray(2 * MmaBlock.INTS);
    int[] bTile = context.allocateIntLocalArray(2 * MmaBlock.INTS);
    int[] aRaw = context.allocateIntLocalArray(MmaBlock.INTS / 2);
    int[] bRaw = context.allocateIntLocalArray(MmaBlock.INTS / 2);
    int start = context.groupIdz; // 0: see GemmTile
    int item = context.localIdx;
    int lane = item & 31;
    int warp = (item >> 5) & 7;
    int firstRow = context.groupIdy * MmaBlock.ROWS;
    int firstColumn = context.groupIdx * MmaBlock.COLUMNS;
    int warpRow = (warp & 1) * 64;
    int warpColumn = ((warp >> 1) & 3) * 32;
    // Of x, an item loads four codes of four rows.
    int aWord = item & 7;
    int aRow = (item >> 3) & 31;
    int aGlobal = (firstRow + aRow) * k + aWord * 4;
    int aLocal = aRow * 16 + (((aWord >> 1) ^ ((aRow >> 1) & 3)) << 2) + (aWord & 1) * 2;
    // Of w, four codes of two columns, twice; they become four rows of two columns.
    int bPair = (lane >> 3) & 3;
    int bGlobal = (firstColumn + warp * 8 + bPair * 2) * k + aWord * 4;
    int bTurn = ((aWord & 1) * 4) ^ ((aWord >> 1) & 1);
    int bLocal = aWord * 256 + ((warp ^ bTurn) << 2) + bPair;
    int aOwn = MmaBlock.aOwn(lane);
    int aFirst = MmaBlock.aFragment(lane) + warpRow * 64;
    int bOwn = MmaBlock.bOwn(lane);
    int bFirst = MmaBlock.bFragment(lane) ^ (warpColumn * 2);
    int row = firstRow + warpRow;
    int column = firstColumn + warpColumn;
    int down = (lane >> 2) & 7;
    int across = (lane & 3) * 2;
    float[] sums = new float[64];
    for (int i = 0; i < 64; i++) {
      sums[i] = 0f;
    }
    for (int i = 0; i < 4; i++) {
      context.asyncCopyToLocal(aRaw, item + i * 256, x, aGlobal + start + i * 32 * k);
    }
    for (int i = 0; i < 2; i++) {
      int from = bGlobal + start + i * 64 * k;
      context.asyncCopyToLocal(bRaw, item + i * 512, w, from);
      context.asyncCopyToLocal(bRaw, item + i * 512 + 256, w, from + k);
    }
    context.asyncCopyCommit();
    context.asyncCopyWaitGroup(0);
    for (int i = 0; i < 4; i++) {
      int four = aRaw[item + i * 256];
      int to = aLocal + i * 512;
      aTile[to] = MmaBlock.halves(((four & 0xFF) << 8) | ((four & 0xFF00) << 16));
      aTile[to + 1] = MmaBlock.halves(((four >> 8) & 0xFF00) | (four & 0xFF000000));
    }
    for (int i = 0; i < 2; i++) {
      int even = bRaw[item + i * 512];
      int odd = bRaw[item + i * 512 + 256];
      int to = i * 32;
      bTile[bLocal + to] = MmaBlock.halves(((even & 0xFF) << 8) | (odd << 24));
      bTile[(bLocal ^ 4) + to + 64] = MmaBlock.halves((even & 0xFF00) | ((odd & 0xFF00) << 16));
      bTile[(bLocal ^ 8) + to + 128] =
          MmaBlock.halves(((even >> 8) & 0xFF00) | ((odd & 0xFF0000) << 8));
      bTile[(bLocal ^ 12) + to + 192] =
          MmaBlock.halves(((even >> 16) & 0xFF00) | (odd & 0xFF000000));
    }
    context.localBarrier();
    int stage = 0;
    for (int block = start; block < k; block += BLOCK) {
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
      for (int inner = block; inner < block + BLOCK; inner += MmaBlock.DEPTH) {
        int next = inner + MmaBlock.DEPTH;
        if (next >= k) {
          next = start;
        }
        for (int i = 0; i < 4; i++) {
          context.asyncCopyToLocal(aRaw, item + i * 256, x, aGlobal + next + i * 32 * k);
        }
        for (int i = 0; i < 2; i++) {
          int from = bGlobal + next + i * 64 * k;
          context.asyncCopyToLocal(bRaw, item + i * 512, w, from);
          context.asyncCopyToLocal(bRaw, item + i * 512 + 256, w, from + k);
        }
        context.asyncCopyCommit();
        for (int step = 0; step < MmaBlock.DEPTH / MmaBlock.STEP; step++) {
          int aFrom = (aFirst ^ (step * 32)) + stage * 4;
          int bFrom = bFirst + step * 4096 + stage * 4;
          HalfFloat[] a0 = context.mmaLoadA(aTile, MmaBlock.STEP, aFrom - aOwn);
          HalfFloat[] a1 = context.mmaLoadA(aTile, MmaBlock.STEP, aFrom - aOwn + 1024);
          HalfFloat[] a2 = context.mmaLoadA(aTile, MmaBlock.STEP, aFrom - aOwn + 2048);
          HalfFloat[] a3 = context.mmaLoadA(aTile, MmaBlock.STEP, aFrom - aOwn + 3072);
          HalfFloat[] b0 = context.mmaLoadB(bTile, MmaBlock.STEP, bFrom - bOwn);
          c00 = context.mma(a0, b0, c00, MMAShape.M16N8K16);
          c10 = context.mma(a1, b0, c10, MMAShape.M16N8K16);
          c20 = context.mma(a2, b0, c20, MMAShape.M16N8K16);
          c30 = context.mma(a3, b0, c30, MMAShape.M16N8K16);
          HalfFloat[] b1 = context.mmaLoadB(bTile, MmaBlock.STEP, (bFrom ^ 16) - bOwn);
          c01 = context.mma(a0, b1, c01, MMAShape.M16N8K16);
          c11 = context.mma(a1, b1, c11, MMAShape.M16N8K16);
          c21 = context.mma(a2, b1, c21, MMAShape.M16N8K16);
          c31 = context.mma(a3, b1, c31, MMAShape.M16N8K16);
          HalfFloat[] b2 = context.mmaLoadB(bTile, MmaBlock.STEP, (bFrom ^ 32) - bOwn);
          c02 = context.mma(a0, b2, c02, MMAShape.M16N8K16);
          c12 = context.mma(a1, b2, c12, MMAShape.M16N8K16);
          c22 = context.mma(a2, b2, c22, MMAShape.M16N8K16);
          c32 = context.mma(a3, b2, c32, MMAShape.M16N8K16);
          HalfFloat[] b3 = context.mmaLoadB(bTile, MmaBlock.STEP, (bFrom ^ 48) - bOwn);
          c03 = context.mma(a0, b3, c03, MMAShape.M16N8K16);
          c13 = context.mma(a1, b3, c13, MMAShape.M16N8K16);
          c23 = context.mma(a2, b3, c23, MMAShape.M16N8K16);
          c33 = context.mma(a3, b3, c33, MMAShape.M16N8K16);
        }
        stage = MmaBlock.INTS - stage;
        context.asyncCopyWaitGroup(0);
        for (int i = 0; i < 4; i++) {
          int four = aRaw[item + i * 256];
          int to = aLocal + stage + i * 512;
          aTile[to] = MmaBlock.halves(((four & 0xFF) << 8) | ((four & 0xFF00) << 16));
          aTile[to + 1] = MmaBlock.halves(((four >> 8) & 0xFF00) | (four & 0xFF000000));
        }
        for (int i = 0; i < 2; i++) {
          int even = bRaw[item + i * 512];
          int odd = bRaw[item + i * 512 + 256];
          int to = stage + i * 32;
          bTile[bLocal + to] = MmaBlock.halves(((even & 0xFF) << 8) | (odd << 24));
          bTile[(bLocal ^ 4) + to + 64] = MmaBlock.halves((even & 0xFF00) | ((odd & 0xFF00) << 16));
          bTile[(bLocal ^ 8) + to + 128] =
              MmaBlock.halves(((even >> 8) & 0xFF00) | ((odd & 0xFF0000) << 8));
          bTile[(bLocal ^ 12) + to + 192] =
              MmaBlock.halves(((even >> 16) & 0xFF00) | (odd & 0xFF000000));
        }
        context.localBarrier();
      }
      context.mmaStore(c00, scratch, row, column, n);
      context.mmaStore(c01, scratch, row, column + 8, n);
      context.mmaStore(c02, scratch, row, column + 16, n);
      context.mmaStore(c03, scratch, row, column + 24, n);
      context.mmaStore(c10, scratch, row + 16, column, n);
      context.mmaStore(c11, scratch, row + 16, column + 8, n);
      context.mmaStore(c12, scratch, row + 16, column + 16, n);
      context.mmaStore(c13, scratch, row + 16, column + 24, n);
      context.mmaStore(c20, scratch, row + 32, column, n);
      context.mmaStore(c21, scratch, row + 32, column + 8, n);
      context.mmaStore(c22, scratch, row + 32, column + 16, n);
      context.mmaStore(c23, scratch, row + 32, column + 24, n);
      context.mmaStore(c30, scratch, row + 48, column, n);
      context.mmaStore(c31, scratch, row + 48, column + 8, n);
      context.mmaStore(c32, scratch, row + 48, column + 16, n);
      context.mmaStore(c33, scratch, row + 48, column + 24, n);
      int scales = block / BLOCK;
      float weightScale =
          wScales.get(firstColumn / BLOCK * (k / BLOCK) + scales) * MmaBlock.HALVES_SCALE;
      for (int i = 0; i < 8; i++) {
        int r = row + i * 8 + down;
        float scale = xScales.get(r * (k / BLOCK) + scales) * weightScale;
        for (int j = 0; j < 8; j++) {
          int q = column + j / 2 * 8 + across + j % 2;
          sums[i * 8 + j] = sums[i * 8 + j] + scratch.get(r * n + q) * scale;
        }
      }
    }
    for (int i = 0; i < 64; i++) {
      int r = row + i / 8 * 8 + down;
      int q = column + i % 8 / 2 * 8 + across + i % 2;
      float before = accumulate == 1 ? y.get(r * n + q) : 0f;
      y.set(r * n + q, before + sums[i]);
    }
  }
}
