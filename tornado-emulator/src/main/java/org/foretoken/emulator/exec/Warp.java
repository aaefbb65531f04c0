package org.foretoken.emulator.exec;

import java.util.ArrayList;
import java.util.List;

/**
 * 32 work items of consecutive linear index that act together.
 *
 * <p>Lanes run one after the other, so the first one to reach an operation finds the others
 * missing. A lane that needs the outcome waits for them. Tensor-core products do not wait: their
 * result is opaque until it is stored, so it is filled in when the last lane has come.
 */
final class Warp {
  static final int LANES = 32;

  private final int firstItem;
  private final int lanes;
  private final int[] joined = new int[LANES];
  private final List<WarpOp> open = new ArrayList<>();
  private int completed;

  Warp(int firstItem, int lanes) {
    this.firstItem = firstItem;
    this.lanes = lanes;
  }

  int lane(WorkItem item) {
    return item.local() - firstItem;
  }

  int lanes() {
    return lanes;
  }

  /** The operation that this item reaches next; the first to come opens it. */
  WarpOp join(WorkItem item, WarpOp.Kind kind) {
    if (lanes < LANES) {
      throw item.group()
          .fault(
              item,
              KernelFault.Kind.DIVERGENT_WARP,
              kind.method
                  + ": expected warps of 32 work items, found a last warp of "
                  + lanes
                  + "; make the group size a multiple of 32");
    }
    int lane = lane(item);
    int number = joined[lane]++;
    WarpOp op;
    if (number - completed == open.size()) {
      op = new WarpOp(kind);
      open.add(op);
    } else {
      op = open.get(number - completed);
    }
    if (op.kind != kind) {
      throw item.group()
          .fault(
              item,
              KernelFault.Kind.DIVERGENT_WARP,
              "expected "
                  + op.kind.method
                  + " as in the other lanes of the warp, found "
                  + kind.method);
    }
    return op;
  }

  /** Drops the operations that all lanes have reached. */
  void settle() {
    int settled = 0;
    while (settled < open.size() && open.get(settled).complete()) {
      settled++;
    }
    open.subList(0, settled).clear();
    completed += settled;
  }

  /** Whether every operation that the item takes part in has its outcome. */
  boolean settledFor(WorkItem item) {
    return completed >= joined[lane(item)];
  }

  /** An item of this warp that has not reached an operation that others wait in, or -1. */
  int missingItem() {
    for (int lane = 0; lane < lanes && !open.isEmpty(); lane++) {
      if (joined[lane] == completed) {
        return firstItem + lane;
      }
    }
    return -1;
  }

  String openMethod() {
    return open.getFirst().kind.method;
  }
}
