package org.foretoken.emulator.exec;

import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;

/** What a kernel context does together with the other lanes of its warp. */
public final class WarpOps {
  private WarpOps() {}

  /** The sum over the warp, in every lane. */
  public static float sum(WorkItem item, float value) {
    return exchange(item, WarpOp.Kind.SUM, value, 0);
  }

  /** The value of the lane {@code delta} further on, or one's own where there is none. */
  public static float shuffleDown(WorkItem item, float value, int delta) {
    if (delta < 0 || delta >= Warp.LANES) {
      throw item.group()
          .fault(
              item,
              KernelFault.Kind.MISUSE,
              "simdShuffleDown: expected a delta of 0 to 31, found " + delta);
    }
    return exchange(item, WarpOp.Kind.SHUFFLE_DOWN, value, delta);
  }

  /** The value of lane 0. */
  public static float broadcastFirst(WorkItem item, float value) {
    return exchange(item, WarpOp.Kind.BROADCAST, value, 0);
  }

  /** FP16 product. */
  public static float[] mma(
      WorkItem item, HalfFloat[] a, HalfFloat[] b, float[] c, MMAShape shape) {
    return product(item, WarpOp.Kind.MMA_FP16, a, b, c, new float[4], shape);
  }

  /** BF16 product. */
  public static float[] mmaBf16(
      WorkItem item, HalfFloat[] a, HalfFloat[] b, float[] c, MMAShape shape) {
    return product(item, WarpOp.Kind.MMA_BF16, a, b, c, new float[4], shape);
  }

  /** E4M3 product. */
  public static float[] mmaE4m3(WorkItem item, byte[] a, byte[] b, float[] c, MMAShape shape) {
    return product(item, WarpOp.Kind.MMA_E4M3, a, b, c, new float[4], shape);
  }

  /** E5M2 product. */
  public static float[] mmaE5m2(WorkItem item, byte[] a, byte[] b, float[] c, MMAShape shape) {
    return product(item, WarpOp.Kind.MMA_E5M2, a, b, c, new float[4], shape);
  }

  /** INT8 product. */
  public static int[] mmaInt8(WorkItem item, byte[] a, byte[] b, int[] c, MMAShape shape) {
    return product(item, WarpOp.Kind.MMA_INT8, a, b, c, new int[4], shape);
  }

  /** Waits until every product that this lane has asked for is there. */
  static void settle(WorkItem item) {
    Warp warp = item.group().warp(item);
    while (!warp.settledFor(item)) {
      waitForWarp(item);
    }
  }

  /** The lane as TornadoVM's tensor-core code computes it: from x alone. */
  static int lane(WorkItem item, String method) {
    if (item.group().range().local()[0] % Warp.LANES != 0) {
      throw item.group()
          .fault(
              item,
              KernelFault.Kind.MISUSE,
              method
                  + ": expected a group whose x size is a multiple of 32, found "
                  + item.group().range().local()[0]);
    }
    return item.local() % Warp.LANES;
  }

  /** Brings a number and waits for those of the other lanes. */
  static WarpOp gather(WorkItem item, WarpOp.Kind kind, int number) {
    return meet(item, kind, 0f, number);
  }

  private static float exchange(WorkItem item, WarpOp.Kind kind, float value, int delta) {
    return meet(item, kind, value, delta).result(item.group().warp(item).lane(item));
  }

  private static WarpOp meet(WorkItem item, WarpOp.Kind kind, float value, int delta) {
    Warp warp = item.group().warp(item);
    WarpOp op = warp.join(item, kind);
    op.bring(warp.lane(item), warp.lanes(), value, delta);
    while (!op.complete()) {
      waitForWarp(item);
    }
    warp.settle();
    return op;
  }

  private static <T> T product(
      WorkItem item, WarpOp.Kind kind, Object a, Object b, Object c, T d, MMAShape shape) {
    lane(item, kind.method);
    if (shape != kind.shape()) {
      throw item.group()
          .fault(
              item,
              KernelFault.Kind.MISUSE,
              kind.method + ": expected shape " + kind.shape() + ", found " + shape);
    }
    requireLength(item, kind, "A", a, Mma.depth(shape) / 2);
    requireLength(item, kind, "B", b, Mma.depth(shape) / 4);
    requireLength(item, kind, "C", c, 4);
    Warp warp = item.group().warp(item);
    WarpOp op = warp.join(item, kind);
    op.bring(warp.lane(item), warp.lanes(), a, b, c, d);
    warp.settle();
    return d;
  }

  private static void requireLength(
      WorkItem item, WarpOp.Kind kind, String what, Object fragment, int expected) {
    int found = DeviceBuffer.sizeOf(fragment);
    if (found != expected) {
      throw item.group()
          .fault(
              item,
              KernelFault.Kind.MISUSE,
              kind.method
                  + ": expected fragment "
                  + what
                  + " of "
                  + expected
                  + " elements, found "
                  + found
                  + "; load it with the call that belongs to this product");
    }
  }

  /** The other lanes run meanwhile; the group wakes this one when the operation is complete. */
  private static void waitForWarp(WorkItem item) {
    item.state = WorkItem.State.IN_WARP;
    item.group().await(item);
  }
}
