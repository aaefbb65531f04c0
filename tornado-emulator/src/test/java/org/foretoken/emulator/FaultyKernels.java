package org.foretoken.emulator;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.annotations.Reduce;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Kernels with one planted fault each, and the sound ones next to them. */
final class FaultyKernels {
  static final int GROUP = 32;

  private FaultyKernels() {}

  static void reverse(KernelContext context, IntArray in, IntArray out) {
    int[] tile = context.allocateIntLocalArray(GROUP);
    int l = context.localIdx;
    tile[l] = in.get(context.globalIdx);
    context.localBarrier();
    out.set(context.globalIdx, tile[GROUP - 1 - l]);
  }

  static void reverseWithoutBarrier(KernelContext context, IntArray in, IntArray out) {
    int[] tile = context.allocateIntLocalArray(GROUP);
    int l = context.localIdx;
    tile[l] = in.get(context.globalIdx);
    out.set(context.globalIdx, tile[GROUP - 1 - l]);
  }

  /** The first half reads what the second half overwrites in the same phase. */
  static void overwriteTooEarly(KernelContext context, IntArray in, IntArray out) {
    int[] tile = context.allocateIntLocalArray(GROUP);
    int l = context.localIdx;
    tile[l] = in.get(context.globalIdx);
    context.localBarrier();
    int neighbour = tile[(l + 1) % GROUP];
    tile[l] = 2 * neighbour;
    context.localBarrier();
    out.set(context.globalIdx, tile[l]);
  }

  static void readUnwrittenLocal(KernelContext context, IntArray out) {
    int[] tile = context.allocateIntLocalArray(GROUP);
    int l = context.localIdx;
    if (l != 7) {
      tile[l] = l;
    }
    context.localBarrier();
    out.set(context.globalIdx, tile[l]);
  }

  static void localOffByOne(KernelContext context, IntArray out) {
    int[] tile = context.allocateIntLocalArray(GROUP);
    int l = context.localIdx;
    tile[l + 1] = l;
    context.localBarrier();
    out.set(context.globalIdx, tile[l]);
  }

  static void globalOffByOne(KernelContext context, IntArray in, IntArray out) {
    out.set(context.globalIdx, in.get(context.globalIdx + 1));
  }

  static void divergentBarrier(KernelContext context, IntArray out) {
    int l = context.localIdx;
    if (l < 20) {
      context.localBarrier();
    }
    out.set(context.globalIdx, l);
  }

  @SuppressWarnings("DuplicateBranches") // two barriers are not one: the fault of this kernel
  static void twoBarriers(KernelContext context, IntArray out) {
    int l = context.localIdx;
    if (l < 20) {
      context.localBarrier();
    } else {
      context.localBarrier();
    }
    out.set(context.globalIdx, l);
  }

  static void sameElementFromAllGroups(KernelContext context, IntArray out) {
    out.set(context.localIdx, context.groupIdx);
  }

  static void neighbourGroup(KernelContext context, IntArray data) {
    int size = context.globalGroupSizeX;
    int next = data.get((context.globalIdx + GROUP) % size);
    data.set(context.globalIdx, next);
  }

  static void histogram(KernelContext context, IntArray in, IntArray bins) {
    context.atomicAdd(bins, in.get(context.globalIdx), 1);
  }

  static void histogramReadTooEarly(KernelContext context, IntArray in, IntArray bins) {
    context.atomicAdd(bins, 0, in.get(context.globalIdx));
    if (context.globalIdx == 0) {
      bins.set(1, bins.get(0));
    }
  }

  static void localHistogram(KernelContext context, IntArray in, IntArray out) {
    int[] bins = context.allocateIntLocalArray(4);
    int l = context.localIdx;
    if (l < 4) {
      bins[l] = 0;
    }
    context.localBarrier();
    context.atomicAdd(bins, in.get(context.globalIdx), 1);
    context.localBarrier();
    if (l < 4) {
      out.set(context.groupIdx * 4 + l, bins[l]);
    }
  }

  static void shiftInPlace(FloatArray x) {
    for (@Parallel int i = 0; i < x.getSize() - 1; i++) {
      x.set(i, x.get(i + 1));
    }
  }

  static void shift(FloatArray x, FloatArray y) {
    for (@Parallel int i = 0; i < y.getSize(); i++) {
      y.set(i, x.get(i + 1));
    }
  }

  static void accumulate(FloatArray x, FloatArray sum) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      sum.set(0, sum.get(0) + x.get(i));
    }
  }

  static void reduce(FloatArray x, @Reduce FloatArray sum) {
    sum.set(0, 0f);
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      sum.set(0, sum.get(0) + x.get(i));
    }
  }

  static void rowSums(FloatArray x, FloatArray sums, int columns) {
    for (@Parallel int i = 0; i < sums.getSize(); i++) {
      for (@Parallel int j = 0; j < columns; j++) {
        sums.set(i, x.get(i * columns + j));
      }
    }
  }

  static void writeAfterLoop(FloatArray x, FloatArray y) {
    for (@Parallel int i = 0; i < x.getSize(); i++) {
      y.set(i, x.get(i));
    }
    y.set(0, 1f);
  }

  static void secondLoopReadsOthers(FloatArray x, FloatArray y, FloatArray z) {
    int n = x.getSize();
    for (@Parallel int i = 0; i < n; i++) {
      y.set(i, 2 * x.get(i));
    }
    for (@Parallel int i = 0; i < n; i++) {
      z.set(i, y.get(n - 1 - i));
    }
  }

  static void copyWithoutWaiting(KernelContext context, ByteArray in, IntArray out) {
    int[] tile = context.allocateIntLocalArray(GROUP);
    int l = context.localIdx;
    context.asyncCopyToLocal(tile, l, in, 4 * l);
    context.asyncCopyCommit();
    context.localBarrier();
    out.set(l, tile[l]);
  }

  static void copyAndWait(KernelContext context, ByteArray in, IntArray out) {
    int[] tile = context.allocateIntLocalArray(GROUP);
    int l = context.localIdx;
    context.asyncCopyToLocal(tile, l, in, 4 * l);
    context.asyncCopyCommit();
    context.asyncCopyWaitGroup(0);
    context.localBarrier();
    out.set(l, tile[GROUP - 1 - l]);
  }

  static void tooMuchLocalMemory(KernelContext context, FloatArray out) {
    float[] tile = context.allocateFloatLocalArray(48 * 1024 / 4 + 1);
    tile[context.localIdx] = 1f;
    out.set(context.globalIdx, tile[context.localIdx]);
  }

  static void halfWarpSum(KernelContext context, FloatArray out) {
    float value = context.localIdx;
    if (context.localIdx < 16) {
      value = context.simdSum(value);
    }
    out.set(context.globalIdx, value);
  }

  static void helperRace(KernelContext context, IntArray out) {
    store(out, context.localIdx / 2, context.localIdx);
  }

  private static void store(IntArray array, int index, int value) {
    array.set(index, value);
  }
}
