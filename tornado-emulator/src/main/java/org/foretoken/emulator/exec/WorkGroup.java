package org.foretoken.emulator.exec;

import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

/**
 * One group of work items, used again for every group of a range.
 *
 * <p>Items of a cooperative kernel run as coroutines, each up to the next point where it needs the
 * others, in ascending order. That makes every run of a kernel the same.
 */
public final class WorkGroup {
  private final String kernel;
  private final NdRange range;
  private final AccessObserver observer;
  private final boolean cooperative;
  private final WorkItem[] items;
  private final Warp[] warps;
  private final Integer[][] localIds;
  private final LocalMemory localMemory = new LocalMemory();
  private final Integer[] id = {0, 0, 0};
  private final Integer[] globalSizes = new Integer[3];
  private final Integer[] localSizes = new Integer[3];

  WorkGroup(String kernel, NdRange range, AccessObserver observer, boolean cooperative) {
    this.kernel = kernel;
    this.range = range;
    this.observer = observer;
    this.cooperative = cooperative;
    for (int d = 0; d < 3; d++) {
      globalSizes[d] = range.global()[d];
      localSizes[d] = range.local()[d];
    }
    int size = range.groupSize();
    items = new WorkItem[size];
    localIds = new Integer[3][size];
    int[] local = range.local();
    for (int i = 0; i < size; i++) {
      items[i] = new WorkItem(this, i);
      localIds[0][i] = i % local[0];
      localIds[1][i] = i / local[0] % local[1];
      localIds[2][i] = i / (local[0] * local[1]);
    }
    warps = new Warp[(size + Warp.LANES - 1) / Warp.LANES];
    for (int w = 0; w < warps.length; w++) {
      warps[w] = new Warp(w * Warp.LANES, Math.min(Warp.LANES, size - w * Warp.LANES));
    }
  }

  /** Runs all items of the group at the given place in the range. */
  void run(int x, int y, int z, KernelBody body, Object[] arguments, int context) {
    id[0] = x;
    id[1] = y;
    id[2] = z;
    observer.groupBegins(this);
    for (WorkItem item : items) {
      item.begin();
    }
    if (cooperative) {
      runTogether(body, arguments, context);
    } else {
      for (WorkItem item : items) {
        runAlone(item, body, arguments, context);
      }
    }
  }

  /** Sizes of range and group. */
  public NdRange range() {
    return range;
  }

  /** The group's index along a dimension. */
  public Integer id(int dimension) {
    return id[dimension];
  }

  /** The number of work items along a dimension. */
  public Integer globalSize(int dimension) {
    return globalSizes[dimension];
  }

  /** The size of a group along a dimension. */
  public Integer localSize(int dimension) {
    return localSizes[dimension];
  }

  /** The group's index when all groups stand in a row; x runs fastest. */
  public int linear() {
    return (id[2] * range.groups(1) + id[1]) * range.groups(0) + id[0];
  }

  /** An item by its linear index. */
  public WorkItem item(int local) {
    return items[local];
  }

  Integer localId(int dimension, int local) {
    return localIds[dimension][local];
  }

  LocalMemory localMemory() {
    return localMemory;
  }

  /** Who is told of memory accesses. */
  public AccessObserver observer() {
    return observer;
  }

  Warp warp(WorkItem item) {
    return warps[item.local() / Warp.LANES];
  }

  /** An error that names kernel and item. */
  public KernelFault fault(WorkItem item, KernelFault.Kind kind, String what) {
    return new KernelFault(kind, kernel, describe(item), what);
  }

  /** Item and group in words. */
  public String describe(WorkItem item) {
    return range.describe(item.global());
  }

  /** Lets the other items go on until this one's state is READY again. */
  void await(WorkItem item) {
    if (items.length == 1) {
      item.state = WorkItem.State.READY;
      observer.phaseBegins();
    } else if (item.coroutine == null) {
      throw new AssertionError("kernel " + kernel + " waits but was not run cooperatively");
    } else {
      item.coroutine.suspend();
    }
  }

  private void runAlone(WorkItem item, KernelBody body, Object[] arguments, int context) {
    observer.enter(item);
    arguments[context] = item.newContext();
    try {
      body.run(arguments);
    } catch (TornadoRuntimeException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new KernelFault(kernel, describe(item), e);
    }
    item.state = WorkItem.State.DONE;
  }

  private void runTogether(KernelBody body, Object[] arguments, int context) {
    for (WorkItem item : items) {
      item.coroutine = Coroutine.of(() -> runAlone(item, body, arguments, context));
    }
    try {
      boolean running = true;
      while (running) {
        running = advance();
      }
    } finally {
      for (WorkItem item : items) {
        item.coroutine.abandon();
        item.coroutine = null;
      }
    }
  }

  /** Takes every ready item one step further; false when all are done. */
  private boolean advance() {
    boolean moved = false;
    for (WorkItem item : items) {
      if (item.state == WorkItem.State.IN_WARP && warp(item).settledFor(item)) {
        item.state = WorkItem.State.READY;
      }
      if (item.state == WorkItem.State.READY) {
        observer.enter(item);
        item.coroutine.resume();
        moved = true;
      }
    }
    return moved || passBarrier();
  }

  /** All items wait or are done: lets them pass if all came to one barrier. */
  private boolean passBarrier() {
    WorkItem waiting = null;
    WorkItem done = null;
    for (WorkItem item : items) {
      switch (item.state) {
        case IN_WARP -> throw divergentWarp(item);
        case AT_BARRIER -> waiting = waiting == null ? item : waiting;
        default -> done = done == null ? item : done;
      }
    }
    for (Warp warp : warps) {
      if (warp.missingItem() >= 0) {
        throw divergentWarp(items[warp.missingItem()]);
      }
    }
    if (waiting == null) {
      return false;
    }
    if (done != null) {
      throw fault(
          done,
          KernelFault.Kind.DIVERGENT_BARRIER,
          "expected the barrier"
              + line(waiting)
              + " to be reached by every work item of the group, found this one ended while "
              + describe(waiting)
              + " waits");
    }
    for (WorkItem item : items) {
      if (item.site() != waiting.site()) {
        throw fault(
            item,
            KernelFault.Kind.DIVERGENT_BARRIER,
            "expected the barrier"
                + line(waiting)
                + " where "
                + describe(waiting)
                + " waits, found the one"
                + line(item));
      }
      item.state = WorkItem.State.READY;
    }
    observer.phaseBegins();
    return true;
  }

  private KernelFault divergentWarp(WorkItem item) {
    Warp warp = warp(item);
    WorkItem missing = items[warp.missingItem()];
    return fault(
        missing,
        KernelFault.Kind.DIVERGENT_WARP,
        "expected "
            + warp.openMethod()
            + " to be reached by all lanes of the warp, found this one "
            + (missing.state == WorkItem.State.AT_BARRIER ? "at a barrier" : "ended"));
  }

  private static String line(WorkItem item) {
    return item.site() == 0 ? "" : " at line " + item.site();
  }
}
