package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** c[m,n] (+)= a b of E4M3 codes on tensor cores, in large tiles: fprop, dgrad and wgrad. */
public final class Fp8GemmMmaBlock {
  private static final int BLOCK = 128;

  private Fp8GemmMmaBlock() {}

  /**
   * A work group computes a tile of {@link MmaBlock}, in the order of {@link MmaBlock#tileRow}, by
   * eight warps, two by four, of 64 x 32 elements each. The codes are multiplied as FP16, whose
   * values they are but for a power of two: Hopper's {@code mma.sync} does the same, and FP16
   * fragments load from anywhere in local memory. Every {@value #BLOCK} inner elements the products
   * are scaled and added in FP32 (DeepSeek-V3, section 3.3.2); they go through global memory, since
   * no other way leads out of a fragment, and each lane reads back what it stored.
   *
   * <p>The two flags are constants to the compiler: each of the three products is a kernel of its
   * own, without a branch. An operand whose inner dimension is its last one is <em>straight</em>,
   * the other <em>turned</em>. A word of four codes of a straight a or a turned b becomes two words
   * of one row of the tile, of codes 0 and 2 and of codes 1 and 3; so each four columns of a turned
   * b, and each four inner elements always, are in the order 0, 2, 1, 3. Two words of a turned a or
   * a straight b become a word in each of four rows.
   *
   * @param a E4M3 [m, k] straight, [k, m] turned, row-major
   * @param aScales F32 [m, k / 128] straight, [k / 128, m] turned, row-major
   * @param b E4M3 [n, k] straight, [k, n] turned, row-major
   * @param bScales F32, row-major; a straight: [n / 128, k / 128], or [k / 128, n / 128] where b is
   *     turned; a turned: [k / 128, n]
   * @param c F32 [m, n], row-major, written or updated
   * @param scratch F32, m n elements, undefined before and after
   * @param m a multiple of 128
   * @param n a multiple of 128
   * @param k a multiple of 128
   * @param aTurned 0 for fprop and dgrad, 1 for wgrad
   * @param bTurned 0 for fprop, 1 for dgrad and wgrad
   * @param accumulate 1 to add to c, 0 to overwrite it
   */
  public static void fp8GemmMmaBlock(
      KernelContext context,
      ByteArray a,
      FloatArray aScales,
      ByteArray b,
      FloatArray bScales,
      FloatArray c,
      FloatArray scratch,
      int m,
      int n,
      int k,
      int aTurned,
      int bTurned,
      int accumulate) {
    int[] aTile = context.allocateIntLocalArray(2 * MmaBlock.INTS);
    int[] bTile = context.allocateIntLocalArray(2 * MmaBlock.INTS);
    int[] aRaw = context.allocateIntLocalArray(MmaBlock.INTS);
    int[] bRaw = context.allocateIntLocalArray(MmaBlock.INTS);
    int start = context.groupIdz; // 0: see GemmTile
    int item = context.localIdx;
    int lane = item & 31;
    int warp = (item >> 5) & 7;
    int group = context.groupIdy * (n / MmaBlock.COLUMNS) + context.groupIdx;
    int tileRow = MmaBlock.tileRow(group, m / MmaBlock.ROWS, n / MmaBlock.COLUMNS);
    int tileColumn = MmaBlock.tileColumn(group, m / MmaBlock.ROWS, n / MmaBlock.COLUMNS);
    int firstRow = tileRow * MmaBlock.ROWS;
    int firstColumn = tileColumn * MmaBlock.COLUMNS;
    int eight = item & 7;
    int four = (item >> 3) & 3;
    // A straight a: a word of four rows. A turned one: words of inner indices 0 and 2 further on,
    // of two times four rows. Half of the lanes store their second word first, against conflicts.
    int row = four % 2 * 4 + four / 2 + (warp & 1) * 2 + (warp >> 1) * 8;
    int aInner = aTurned == 1 ? m : 1;
    int aSecond = aTurned == 1 ? 2 * m : 32 * k;
    int aThird = aTurned == 1 ? 32 : 64 * k;
    int aDepth = (warp & 3) * 8 + four / 2 * 4 + four % 2;
    int aGlobal =
        aTurned == 1
            ? aDepth * m + firstRow + (warp >> 2) * 64 + eight * 4
            : (firstRow + row) * k + eight * 4;
    int aFlip = aTurned == 1 ? 0 : four / 2;
    int aLocal =
        aTurned == 1
            ? MmaBlock.aWord((warp >> 2) * 64 + eight * 4, warp & 3) + four
            : MmaBlock.aWord(row, eight >> 1) + (eight & 1) * 2 + aFlip;
    int aLocal1 = aTurned == 1 ? (aLocal ^ 4) + 32 : aLocal ^ 1;
    int aLocal2 = aTurned == 1 ? (aLocal ^ 8) + 64 : aLocal + 512;
    int aLocal3 = aTurned == 1 ? (aLocal ^ 12) + 96 : (aLocal ^ 1) + 512;
    int aStep = aTurned == 1 ? 512 : 1024;
    int aShift = 8 - aFlip * 8;
    // A straight b: words of two columns, two times. A turned one: a word at four inner indices.
    int bInner = bTurned == 1 ? n : 1;
    int bSecond = bTurned == 1 ? 8 * n : k;
    int bThird = bTurned == 1 ? 16 * n : 64 * k;
    int bGlobal =
        bTurned == 1
            ? warp * n + firstColumn + lane * 4
            : (firstColumn + warp * 8 + four * 2) * k + eight * 4;
    int bDepth = (warp & 4) + (warp & 1) * 2 + ((warp >> 1) & 1);
    int bFlip = bTurned == 1 ? lane >> 4 : 0;
    int bLocal =
        bTurned == 1
            ? MmaBlock.bWord(bDepth, lane >> 1) + (lane & 1) * 2 + bFlip
            : MmaBlock.bWord(eight * 4, warp) + four;
    int bLocal1 = bTurned == 1 ? bLocal ^ 1 : (bLocal ^ 8) + 128;
    int bLocal2 = bTurned == 1 ? (bLocal ^ 4) + 512 : (bLocal ^ 4) + 64;
    int bLocal3 = bTurned == 1 ? (bLocal ^ 5) + 512 : (bLocal ^ 12) + 192;
    int bStep = bTurned == 1 ? 1024 : 32;
    int bTurn = bTurned == 1 ? 8 : 0;
    int bShift = 8 - bFlip * 8;
    int warpRow = (warp & 1) * 64;
    int warpColumn = (warp >> 1) * 32;
    int aOwn = MmaBlock.aOwn(lane);
    int aFirst = 4 * MmaBlock.aWord(lane & 15, (lane >> 4) & 1) + warpRow * 64;
    int bOwn = MmaBlock.bOwn(lane);
    int bFirst = 4 * MmaBlock.bWord(lane & 15, warpColumn / 8);
    int fragments = (group * 8 + warp) * 256;
    int firstOwn = firstRow + warpRow + (lane >> 2);
    int across = bTurned == 1 ? ((lane >> 1) & 1) * 4 + (lane & 1) : (lane & 3) * 2;
    int side = bTurned == 1 ? 2 : 1;
    int column = firstColumn + warpColumn + across;
    int aScaleBlock = aTurned == 1 ? m : 1;
    int aScaleRow = aTurned == 1 ? 1 : k / BLOCK;
    int bScaleBlock = aTurned == 1 ? n : (bTurned == 1 ? n / BLOCK : 1);
    int bScaleTile = aTurned == 1 ? 0 : (bTurned == 1 ? 1 : k / BLOCK);
    float[] sums = new float[64];
    for (int i = 0; i < 64; i++) {
      sums[i] = 0f;
    }
    for (int i = 0; i < 4; i++) {
      int aFrom = aGlobal + start * aInner + i % 2 * aSecond + i / 2 * aThird;
      context.asyncCopyToLocal(aRaw, item + i * 256, a, aFrom);
      int bFrom = bGlobal + start * bInner + i % 2 * bSecond + i / 2 * bThird;
      context.asyncCopyToLocal(bRaw, item + i * 256, b, bFrom);
    }
    context.asyncCopyCommit();
    context.asyncCopyWaitGroup(0);
    for (int i = 0; i < 2; i++) {
      int even = aRaw[item + i * 512];
      int odd = aRaw[item + i * 512 + 256];
      int low = aTurned == 1 ? (even & 0xFFFF) | odd << 16 : even;
      int high = aTurned == 1 ? ((even >> 16) & 0xFFFF) | (odd & 0xFFFF0000) : odd;
      int to = i * aStep;
      aTile[aLocal + to] = MmaBlock.halves(low << aShift);
      aTile[aLocal1 + to] = MmaBlock.halves(low << (8 - aShift));
      aTile[aLocal2 + to] = MmaBlock.halves(high << aShift);
      aTile[aLocal3 + to] = MmaBlock.halves(high << (8 - aShift));
    }
    for (int i = 0; i < 2; i++) {
      int even = bRaw[item + i * 512];
      int odd = bRaw[item + i * 512 + 256];
      int low = bTurned == 1 ? even : (even & 0xFFFF) | odd << 16;
      int high = bTurned == 1 ? odd : ((even >> 16) & 0xFFFF) | (odd & 0xFFFF0000);
      int turn = i * bTurn;
      int to = i * bStep;
      bTile[(bLocal ^ turn) + to] = MmaBlock.halves(low << bShift);
      bTile[(bLocal1 ^ turn) + to] = MmaBlock.halves(low << (8 - bShift));
      bTile[(bLocal2 ^ turn) + to] = MmaBlock.halves(high << bShift);
      bTile[(bLocal3 ^ turn) + to] = MmaBlock.halves(high << (8 - bShift));
    }
    for (int i = 0; i < 4; i++) {
      int aFrom = aGlobal + (start + MmaBlock.DEPTH) * aInner + i % 2 * aSecond + i / 2 * aThird;
      context.asyncCopyToLocal(aRaw, item + 1024 + i * 256, a, aFrom);
      int bFrom = bGlobal + (start + MmaBlock.DEPTH) * bInner + i % 2 * bSecond + i / 2 * bThird;
      context.asyncCopyToLocal(bRaw, item + 1024 + i * 256, b, bFrom);
    }
    context.asyncCopyCommit();
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
        int next = inner + 2 * MmaBlock.DEPTH;
        if (next >= k) {
          next = start;
        }
        context.asyncCopyWaitGroup(0);
        for (int i = 0; i < 4; i++) {
          int aFrom = aGlobal + next * aInner + i % 2 * aSecond + i / 2 * aThird;
          context.asyncCopyToLocal(aRaw, item + stage + i * 256, a, aFrom);
          int bFrom = bGlobal + next * bInner + i % 2 * bSecond + i / 2 * bThird;
          context.asyncCopyToLocal(bRaw, item + stage + i * 256, b, bFrom);
        }
        context.asyncCopyCommit();
        for (int step = 0; step < MmaBlock.DEPTH / MmaBlock.STEP; step++) {
          int aEven = (aFirst ^ (step * 32)) + stage * 8 - aOwn;
          int aUneven = (aFirst ^ (32 - step * 32)) + stage * 8 - aOwn;
          int bFrom = (bFirst ^ (step * 32)) + step * 4096 + stage * 8;
          HalfFloat[] a0 = context.mmaLoadA(aTile, MmaBlock.STEP, aEven);
          HalfFloat[] a1 = context.mmaLoadA(aTile, MmaBlock.STEP, aUneven + 1024);
          HalfFloat[] a2 = context.mmaLoadA(aTile, MmaBlock.STEP, aEven + 2048);
          HalfFloat[] a3 = context.mmaLoadA(aTile, MmaBlock.STEP, aUneven + 3072);
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
        stage = MmaBlock.INTS / 2 - stage;
        int raw = item + stage;
        for (int i = 0; i < 2; i++) {
          int even = aRaw[raw + i * 512];
          int odd = aRaw[raw + i * 512 + 256];
          int low = aTurned == 1 ? (even & 0xFFFF) | odd << 16 : even;
          int high = aTurned == 1 ? ((even >> 16) & 0xFFFF) | (odd & 0xFFFF0000) : odd;
          int to = stage * 2 + i * aStep;
          aTile[aLocal + to] = MmaBlock.halves(low << aShift);
          aTile[aLocal1 + to] = MmaBlock.halves(low << (8 - aShift));
          aTile[aLocal2 + to] = MmaBlock.halves(high << aShift);
          aTile[aLocal3 + to] = MmaBlock.halves(high << (8 - aShift));
        }
        for (int i = 0; i < 2; i++) {
          int even = bRaw[raw + i * 512];
          int odd = bRaw[raw + i * 512 + 256];
          int low = bTurned == 1 ? even : (even & 0xFFFF) | odd << 16;
          int high = bTurned == 1 ? odd : ((even >> 16) & 0xFFFF) | (odd & 0xFFFF0000);
          int turn = i * bTurn;
          int to = stage * 2 + i * bStep;
          bTile[(bLocal ^ turn) + to] = MmaBlock.halves(low << bShift);
          bTile[(bLocal1 ^ turn) + to] = MmaBlock.halves(low << (8 - bShift));
          bTile[(bLocal2 ^ turn) + to] = MmaBlock.halves(high << bShift);
          bTile[(bLocal3 ^ turn) + to] = MmaBlock.halves(high << (8 - bShift));
        }
        context.localBarrier();
      }
      context.mmaStore(c00, scratch, fragments, 0, 8);
      context.mmaStore(c01, scratch, fragments + 16, 0, 8);
      context.mmaStore(c02, scratch, fragments + 32, 0, 8);
      context.mmaStore(c03, scratch, fragments + 48, 0, 8);
      context.mmaStore(c10, scratch, fragments + 64, 0, 8);
      context.mmaStore(c11, scratch, fragments + 80, 0, 8);
      context.mmaStore(c12, scratch, fragments + 96, 0, 8);
      context.mmaStore(c13, scratch, fragments + 112, 0, 8);
      context.mmaStore(c20, scratch, fragments + 128, 0, 8);
      context.mmaStore(c21, scratch, fragments + 144, 0, 8);
      context.mmaStore(c22, scratch, fragments + 160, 0, 8);
      context.mmaStore(c23, scratch, fragments + 176, 0, 8);
      context.mmaStore(c30, scratch, fragments + 192, 0, 8);
      context.mmaStore(c31, scratch, fragments + 208, 0, 8);
      context.mmaStore(c32, scratch, fragments + 224, 0, 8);
      context.mmaStore(c33, scratch, fragments + 240, 0, 8);
      int depth = block / BLOCK;
      float[] columnScales = new float[8];
      for (int j = 0; j < 8; j++) {
        int q = column + j / 2 * 8 + j % 2 * side;
        int from = depth * bScaleBlock + tileColumn * bScaleTile + q * aTurned;
        columnScales[j] = bScales.get(from) * MmaBlock.HALVES_SCALE;
      }
      for (int i = 0; i < 8; i++) {
        float rowScale = aScales.get(depth * aScaleBlock + (firstOwn + i * 8) * aScaleRow);
        for (int j = 0; j < 8; j++) {
          int from = fragments * 8 + lane * 2 + (i / 2 * 4 + j / 2) * 128 + i % 2 * 64 + j % 2;
          sums[i * 8 + j] = sums[i * 8 + j] + scratch.get(from) * (rowScale * columnScales[j]);
        }
      }
    }
    for (int i = 0; i < 64; i++) {
      int at = (firstOwn + i / 8 * 8) * n + column + i % 8 / 2 * 8 + i % 2 * side;
      float before = accumulate == 1 ? c.get(at) : 0f;
      c.set(at, before + sums[i]);
    }
  }
}
