package uk.ac.manchester.tornado.api;

import org.foretoken.emulator.exec.Atomics;
import org.foretoken.emulator.exec.LocalAllocation;
import org.foretoken.emulator.exec.Swizzle;
import org.foretoken.emulator.exec.TileOps;
import org.foretoken.emulator.exec.WarpOps;
import org.foretoken.emulator.exec.WorkItem;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FP8Array;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/**
 * A work item's view of its device: who it is, local memory, barriers, atomics, its warp, tensor
 * cores.
 *
 * <p>A program makes one and passes it as a task's argument; each work item gets its own instead.
 */
public class KernelContext implements ExecutionContext {
  /** Index among all work items, along x. */
  public final Integer globalIdx;

  /** Index among all work items, along y. */
  public final Integer globalIdy;

  /** Index among all work items, along z. */
  public final Integer globalIdz;

  /** Index of the group, along x. */
  public final Integer groupIdx;

  /** Index of the group, along y. */
  public final Integer groupIdy;

  /** Index of the group, along z. */
  public final Integer groupIdz;

  /** Index in the group, along x. */
  public final Integer localIdx;

  /** Index in the group, along y. */
  public final Integer localIdy;

  /** Index in the group, along z. */
  public final Integer localIdz;

  /** Number of work items, along x. */
  public final Integer globalGroupSizeX;

  /** Number of work items, along y. */
  public final Integer globalGroupSizeY;

  /** Number of work items, along z. */
  public final Integer globalGroupSizeZ;

  /** Size of a group, along x. */
  public final Integer localGroupSizeX;

  /** Size of a group, along y. */
  public final Integer localGroupSizeY;

  /** Size of a group, along z. */
  public final Integer localGroupSizeZ;

  private final WorkItem item;

  static {
    WorkItem.contexts(KernelContext::new);
  }

  /** A placeholder for a task's argument; on its own, the only item of a group of one. */
  public KernelContext() {
    this(WorkItem.host());
  }

  private KernelContext(WorkItem item) {
    this.item = item;
    globalIdx = item.globalId(0);
    globalIdy = item.globalId(1);
    globalIdz = item.globalId(2);
    groupIdx = item.group().id(0);
    groupIdy = item.group().id(1);
    groupIdz = item.group().id(2);
    localIdx = item.localId(0);
    localIdy = item.localId(1);
    localIdz = item.localId(2);
    globalGroupSizeX = item.group().globalSize(0);
    globalGroupSizeY = item.group().globalSize(1);
    globalGroupSizeZ = item.group().globalSize(2);
    localGroupSizeX = item.group().localSize(0);
    localGroupSizeY = item.group().localSize(1);
    localGroupSizeZ = item.group().localSize(2);
  }

  @Override
  public void localBarrier() {
    item.barrier();
  }

  @Override
  public void globalBarrier() {
    item.barrier();
  }

  @Override
  public int[] allocateIntLocalArray(int size) {
    return LocalAllocation.ints(item, size);
  }

  @Override
  public long[] allocateLongLocalArray(int size) {
    return LocalAllocation.longs(item, size);
  }

  @Override
  public float[] allocateFloatLocalArray(int size) {
    return LocalAllocation.floats(item, size);
  }

  @Override
  public double[] allocateDoubleLocalArray(int size) {
    return LocalAllocation.doubles(item, size);
  }

  @Override
  public byte[] allocateByteLocalArray(int size) {
    return LocalAllocation.bytes(item, size);
  }

  @Override
  public HalfFloat[] allocateHalfFloatLocalArray(int size) {
    return LocalAllocation.halves(item, size);
  }

  @Override
  public Half2[] allocateHalf2LocalArray(int size) {
    return LocalAllocation.half2s(item, size);
  }

  /** The sum of {@code val} over the warp, in every lane. */
  public float simdSum(float val) {
    return WarpOps.sum(item, val);
  }

  /** The value of the lane {@code delta} further on, or one's own past the end of the warp. */
  public float simdShuffleDown(float val, int delta) {
    return WarpOps.shuffleDown(item, val, delta);
  }

  /** The value of the warp's first lane. */
  public float simdBroadcastFirst(float val) {
    return WarpOps.broadcastFirst(item, val);
  }

  @Override
  public void atomicAdd(IntArray array, int index, int val) {
    Atomics.add(item, array, index, val);
  }

  @Override
  public void atomicAdd(int[] array, int index, int val) {
    Atomics.add(item, array, index, val);
  }

  @Override
  public void atomicAdd(LongArray array, int index, long val) {
    Atomics.add(item, array, index, val);
  }

  @Override
  public void atomicAdd(FloatArray array, int index, float val) {
    Atomics.add(item, array, index, val);
  }

  @Override
  public void atomicAdd(DoubleArray array, int index, double val) {
    Atomics.add(item, array, index, val);
  }

  /** Element (row, col) of a tile in 16-byte swizzle; the permutation is {@link Swizzle}'s. */
  public HalfFloat swizzleLoadFp16Stride32(HalfFloat[] arr, int row, int col, int stride) {
    return Swizzle.load(item, arr, Swizzle.FP16_STRIDE_32.index(row, col, stride));
  }

  /** Replaces element (row, col) of a tile in 16-byte swizzle. */
  public void swizzleStoreFp16Stride32(HalfFloat[] arr, int row, int col, int stride, HalfFloat v) {
    Swizzle.store(item, arr, Swizzle.FP16_STRIDE_32.index(row, col, stride), v);
  }

  /** Element (row, col) of a tile in 8-byte swizzle. */
  public HalfFloat swizzleLoadFp16Stride16(HalfFloat[] arr, int row, int col, int stride) {
    return Swizzle.load(item, arr, Swizzle.FP16_STRIDE_16.index(row, col, stride));
  }

  /** Replaces element (row, col) of a tile in 8-byte swizzle. */
  public void swizzleStoreFp16Stride16(HalfFloat[] arr, int row, int col, int stride, HalfFloat v) {
    Swizzle.store(item, arr, Swizzle.FP16_STRIDE_16.index(row, col, stride), v);
  }

  /** Element (row, col) of a byte tile in 16-byte swizzle. */
  public byte swizzleLoadInt8(byte[] arr, int row, int col, int stride) {
    return Swizzle.load(item, arr, Swizzle.INT8.index(row, col, stride));
  }

  /** Replaces element (row, col) of a byte tile in 16-byte swizzle. */
  public void swizzleStoreInt8(byte[] arr, int row, int col, int stride, byte v) {
    Swizzle.store(item, arr, Swizzle.INT8.index(row, col, stride), v);
  }

  /** An accumulator of four FP32 values a lane, all {@code v}; opaque but for {@link #mmaStore}. */
  public float[] mmaFragment(float v) {
    return new float[] {v, v, v, v};
  }

  /** The A fragment of a 16 x 16 tile of 16-bit elements, two to an int, row by row. */
  public HalfFloat[] mmaLoadA(int[] aTile, int wmmaK) {
    return TileOps.loadA16(item, aTile, wmmaK, 0);
  }

  /** The B fragment of a 16 x 8 tile of 16-bit elements, two to an int, row k by row k. */
  public HalfFloat[] mmaLoadB(int[] bTile, int wmmaK) {
    return TileOps.loadB16(item, bTile, wmmaK, 0);
  }

  /** The B fragment of a tile that {@link #swizzleStoreFp16Stride32} filled with stride 8. */
  public HalfFloat[] mmaLoadBSwizzled(HalfFloat[] bTile, int wmmaK) {
    return TileOps.loadBSwizzled(item, bTile, wmmaK, 0);
  }

  /** D = A B + C with FP16 operands and FP32 accumulation, by the whole warp. */
  public float[] mma(HalfFloat[] fragA, HalfFloat[] fragB, float[] fragC, MMAShape mmaShape) {
    return WarpOps.mma(item, fragA, fragB, fragC, mmaShape);
  }

  /** Stores a 16 x 8 result with its corner at (tileRow, tileCol) of a matrix of dimN columns. */
  public void mmaStore(float[] fragD, FloatArray c, int tileRow, int tileCol, int dimN) {
    TileOps.store(item, fragD, c, tileRow, tileCol, dimN);
  }

  /** D = A B + C with BF16 operands and FP32 accumulation, by the whole warp. */
  public float[] mmaBF16(HalfFloat[] fragA, HalfFloat[] fragB, float[] fragC, MMAShape mmaShape) {
    return WarpOps.mmaBf16(item, fragA, fragB, fragC, mmaShape);
  }

  /** An accumulator of four INT32 values a lane, all {@code initValue}. */
  public int[] mmaFragmentInt(int initValue) {
    return new int[] {initValue, initValue, initValue, initValue};
  }

  /** The A fragment of a 16 x 32 tile of bytes, four to an int, row by row. */
  public byte[] mmaLoadAInt8(int[] aTile, int tileK) {
    return TileOps.loadA8(item, "mmaLoadAInt8", aTile, tileK);
  }

  /** The B fragment of a 32 x 8 tile of bytes; its layout is {@link TileOps}'s. */
  public byte[] mmaLoadBInt8(int[] bTile, int tileK) {
    return TileOps.loadB8(item, "mmaLoadBInt8", bTile, tileK);
  }

  /** D = A B + C with INT8 operands and INT32 accumulation, by the whole warp. */
  public int[] mmaInt8(byte[] fragA, byte[] fragB, int[] fragC, MMAShape shape) {
    return WarpOps.mmaInt8(item, fragA, fragB, fragC, shape);
  }

  /** Stores a 16 x 8 result with its corner at (row, col) of a matrix of {@code stride} columns. */
  public void mmaStoreInt(int[] fragD, IntArray out, int row, int col, int stride) {
    TileOps.store(item, fragD, out, row, col, stride);
  }

  /** The A fragment of a 16 x 32 tile of FP8 bytes, four to an int, row by row. */
  public byte[] mmaLoadAFP8(int[] aTile, int tileK) {
    return TileOps.loadA8(item, "mmaLoadAFP8", aTile, tileK);
  }

  /** The B fragment of a 32 x 8 tile of FP8 bytes; its layout is {@link TileOps}'s. */
  public byte[] mmaLoadBFP8(int[] bTile, int tileK) {
    return TileOps.loadB8(item, "mmaLoadBFP8", bTile, tileK);
  }

  /** D = A B + C with E4M3 operands and FP32 accumulation, by the whole warp. */
  public float[] mmaFP8E4M3(byte[] fragA, byte[] fragB, float[] fragC, MMAShape shape) {
    return WarpOps.mmaE4m3(item, fragA, fragB, fragC, shape);
  }

  /** D = A B + C with E5M2 operands and FP32 accumulation, by the whole warp. */
  public float[] mmaFP8E5M2(byte[] fragA, byte[] fragB, float[] fragC, MMAShape shape) {
    return WarpOps.mmaE5m2(item, fragA, fragB, fragC, shape);
  }

  /**
   * {@link #mmaLoadA(int[], int)} of a tile that begins {@code byteOffset} bytes into the array.
   */
  public HalfFloat[] mmaLoadA(int[] aTile, int wmmaK, int byteOffset) {
    return TileOps.loadA16(item, aTile, wmmaK, byteOffset);
  }

  /**
   * {@link #mmaLoadB(int[], int)} of a tile that begins {@code byteOffset} bytes into the array.
   */
  public HalfFloat[] mmaLoadB(int[] bTile, int wmmaK, int byteOffset) {
    return TileOps.loadB16(item, bTile, wmmaK, byteOffset);
  }

  /** As {@link #mmaLoadBSwizzled(HalfFloat[], int)}, {@code byteOffset} bytes into the array. */
  public HalfFloat[] mmaLoadBSwizzled(HalfFloat[] bTile, int wmmaK, int byteOffset) {
    return TileOps.loadBSwizzled(item, bTile, wmmaK, byteOffset);
  }

  /** Starts to copy two FP16 values into one element of local memory. */
  public void asyncCopyToLocal(int[] dstTile, int dstIndex, HalfFloatArray src, int srcIndex) {
    TileOps.copyAsync(item, dstTile, dstIndex, src, srcIndex);
  }

  /** Starts to copy four FP8 bytes into one element of local memory. */
  public void asyncCopyToLocal(int[] dstTile, int dstIndex, FP8Array src, int srcIndex) {
    TileOps.copyAsync(item, dstTile, dstIndex, src, srcIndex);
  }

  /** Starts to copy four bytes into one element of local memory. */
  public void asyncCopyToLocal(int[] dstTile, int dstIndex, ByteArray src, int srcIndex) {
    TileOps.copyAsync(item, dstTile, dstIndex, src, srcIndex);
  }

  /** Makes the copies started since the last commit one group. */
  public void asyncCopyCommit() {
    TileOps.commitCopies(item);
  }

  /** Waits until at most {@code groups} groups of copies are under way. */
  public void asyncCopyWaitGroup(int groups) {
    TileOps.awaitCopies(item, groups);
  }

  /** Replaces element (row, col) of a swizzled tile {@code byteOffset} bytes into the array. */
  public void mmaStoreBSwizzled(
      HalfFloat[] arr, int row, int col, int stride, HalfFloat value, int byteOffset) {
    int index = Swizzle.FP16_STRIDE_32.index(row, col, stride) + byteOffset / 2;
    Swizzle.store(item, arr, index, value);
  }
}
