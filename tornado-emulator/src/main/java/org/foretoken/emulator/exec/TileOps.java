package org.foretoken.emulator.exec;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FP8Array;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Moves matrix tiles between global memory, local memory and fragments.
 *
 * <p>A tile of A is 16 rows of 32 bytes. A tile of B is rows of 16 bytes, eight 16-bit units: with
 * 16-bit elements row k has B[k][0..7]; with 8-bit elements row k / 2 has the pairs (B[k][j], B[k +
 * 1][j]) for j = 0..7.
 */
public final class TileOps {
  private static final int ROW_BYTES_A = 32;
  private static final int ROW_BYTES_B = 16;

  private TileOps() {}

  /**
   * The 16-bit A fragment of a tile that begins {@code byteOffset} bytes into {@code tile}.
   *
   * <p>As {@code ldmatrix} does, the warp loads four matrices of eight rows of 16 bytes, and lane l
   * says where row l % 8 of matrix l / 8 is: the offset may differ from lane to lane.
   */
  public static HalfFloat[] loadA16(WorkItem item, int[] tile, int k, int byteOffset) {
    int lane = begin(item, "mmaLoadA", k, 16);
    WarpOp op = WarpOps.gather(item, WarpOp.Kind.LOAD_A, rowStart(item, "mmaLoadA", byteOffset));
    HalfFloat[] fragment = new HalfFloat[8];
    for (int matrix = 0; matrix < 4; matrix++) {
      int from = matrix * 8 + lane / 4;
      int at = op.delta(from) + from % 16 * ROW_BYTES_A + from / 16 * 16 + lane % 4 * 4;
      int pair = word(item, tile, at);
      fragment[2 * matrix] = new HalfFloat((short) pair);
      fragment[2 * matrix + 1] = new HalfFloat((short) (pair >> 16));
    }
    return fragment;
  }

  /**
   * The 16-bit B fragment of a tile that begins {@code byteOffset} bytes into {@code tile}.
   *
   * <p>Two matrices of eight rows of 16 bytes, transposed on the way; lane l of the first sixteen
   * says where row l % 8 of matrix l / 8 is.
   */
  public static HalfFloat[] loadB16(WorkItem item, int[] tile, int k, int byteOffset) {
    int lane = begin(item, "mmaLoadB", k, 16);
    WarpOp op = WarpOps.gather(item, WarpOp.Kind.LOAD_B, rowStart(item, "mmaLoadB", byteOffset));
    HalfFloat[] fragment = new HalfFloat[4];
    for (int i = 0; i < 4; i++) {
      int from = Mma.rowB(16, lane, i);
      int at = op.delta(from) + from * ROW_BYTES_B + Mma.columnB(lane) * 2;
      fragment[i] = new HalfFloat((short) unit(item, tile, at));
    }
    return fragment;
  }

  /** The 16-bit B fragment of a tile that was stored with {@link Swizzle#FP16_STRIDE_32}. */
  public static HalfFloat[] loadBSwizzled(WorkItem item, HalfFloat[] tile, int k, int byteOffset) {
    int lane = begin(item, "mmaLoadBSwizzled", k, 16);
    HalfFloat[] fragment = new HalfFloat[4];
    for (int i = 0; i < 4; i++) {
      int at = Swizzle.FP16_STRIDE_32.index(Mma.rowB(16, lane, i), Mma.columnB(lane), 8);
      fragment[i] = Swizzle.load(item, tile, byteOffset / 2 + at);
    }
    return fragment;
  }

  /** The 8-bit A fragment. */
  public static byte[] loadA8(WorkItem item, String method, int[] tile, int k) {
    int lane = begin(item, method, k, 32);
    byte[] fragment = new byte[16];
    for (int i = 0; i < 16; i += 4) {
      int at = Mma.rowA(32, lane, i) * ROW_BYTES_A + Mma.columnA(32, lane, i);
      int four = word(item, tile, at);
      for (int b = 0; b < 4; b++) {
        fragment[i + b] = (byte) (four >> 8 * b);
      }
    }
    return fragment;
  }

  /** The 8-bit B fragment. */
  public static byte[] loadB8(WorkItem item, String method, int[] tile, int k) {
    int lane = begin(item, method, k, 32);
    byte[] fragment = new byte[8];
    for (int i = 0; i < 8; i += 2) {
      int at = Mma.rowB(32, lane, i) / 2 * ROW_BYTES_B + Mma.columnB(lane) * 2;
      int pair = unit(item, tile, at);
      fragment[i] = (byte) pair;
      fragment[i + 1] = (byte) (pair >> 8);
    }
    return fragment;
  }

  /** Stores this lane's part of a 16 x 8 result whose first element is at (row, column). */
  public static void store(
      WorkItem item, float[] fragment, FloatArray target, int row, int column, int stride) {
    int lane = WarpOps.lane(item, "mmaStore");
    WarpOps.settle(item);
    for (int i = 0; i < 4; i++) {
      int at = (row + Mma.rowD(lane, i)) * stride + column + Mma.columnD(lane, i);
      item.group().observer().write(target, at, 1);
      target.set(at, fragment[i]);
    }
  }

  /** Stores this lane's part of a 16 x 8 result whose first element is at (row, column). */
  public static void store(
      WorkItem item, int[] fragment, IntArray target, int row, int column, int stride) {
    int lane = WarpOps.lane(item, "mmaStoreInt");
    WarpOps.settle(item);
    for (int i = 0; i < 4; i++) {
      int at = (row + Mma.rowD(lane, i)) * stride + column + Mma.columnD(lane, i);
      item.group().observer().write(target, at, 1);
      target.set(at, fragment[i]);
    }
  }

  /** Two FP16 values on their way to local memory. */
  public static void copyAsync(WorkItem item, int[] tile, int at, HalfFloatArray source, int from) {
    requireAligned(item, from, 2);
    item.group().observer().read(source, from, 2);
    int low = source.get(from).getHalfFloatValue() & 0xFFFF;
    int high = source.get(from + 1).getHalfFloatValue() << 16;
    item.copies().issue(item.group().observer(), tile, at, high | low);
  }

  /** Four bytes on their way to local memory. */
  public static void copyAsync(WorkItem item, int[] tile, int at, FP8Array source, int from) {
    requireAligned(item, from, 4);
    item.group().observer().read(source, from, 4);
    int value = 0;
    for (int b = 3; b >= 0; b--) {
      value = value << 8 | source.get(from + b) & 0xFF;
    }
    item.copies().issue(item.group().observer(), tile, at, value);
  }

  /** Four bytes on their way to local memory. */
  public static void copyAsync(WorkItem item, int[] tile, int at, ByteArray source, int from) {
    requireAligned(item, from, 4);
    item.group().observer().read(source, from, 4);
    int value = 0;
    for (int b = 3; b >= 0; b--) {
      value = value << 8 | source.get(from + b) & 0xFF;
    }
    item.copies().issue(item.group().observer(), tile, at, value);
  }

  /** Makes the copies issued since the last commit one group. */
  public static void commitCopies(WorkItem item) {
    item.copies().commit();
  }

  /** Lets groups of copies land until {@code groups} are left. */
  public static void awaitCopies(WorkItem item, int groups) {
    item.copies().waitGroup(item.group().observer(), groups);
  }

  private static int begin(WorkItem item, String method, int found, int expected) {
    if (found != expected) {
      throw item.group()
          .fault(
              item,
              KernelFault.Kind.MISUSE,
              method + ": expected a depth of " + expected + ", found " + found);
    }
    return WarpOps.lane(item, method);
  }

  private static int rowStart(WorkItem item, String method, int byteOffset) {
    if (byteOffset % 16 != 0) {
      throw item.group()
          .fault(
              item,
              KernelFault.Kind.MISUSE,
              method + ": expected an offset that is a multiple of 16 bytes, found " + byteOffset);
    }
    return byteOffset;
  }

  private static int word(WorkItem item, int[] tile, int byteOffset) {
    item.group().observer().read(tile, byteOffset / 4, 1);
    return tile[byteOffset / 4];
  }

  private static int unit(WorkItem item, int[] tile, int byteOffset) {
    return word(item, tile, byteOffset) >> byteOffset % 4 * 8 & 0xFFFF;
  }

  private static void requireAligned(WorkItem item, int from, int elements) {
    if (from % elements != 0) {
      throw item.group()
          .fault(
              item,
              KernelFault.Kind.MISUSE,
              "asyncCopyToLocal: expected a source index that is a multiple of "
                  + elements
                  + " (4 bytes move at a time), found "
                  + from);
    }
  }
}
