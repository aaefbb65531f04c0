package org.foretoken.emulator.exec;

import java.util.function.Function;
import uk.ac.manchester.tornado.api.KernelContext;

/** One work item of the group at hand: where it is, and whether it runs, waits or is done. */
public final class WorkItem {
  enum State {
    READY,
    AT_BARRIER,
    IN_WARP,
    DONE
  }

  private static Function<WorkItem, KernelContext> contexts;

  private final WorkGroup group;
  private final int local;
  private final AsyncCopies copies = new AsyncCopies();
  private int allocations;
  private int site;
  State state = State.READY;
  Coroutine coroutine;

  WorkItem(WorkGroup group, int local) {
    this.group = group;
    this.local = local;
  }

  /** {@link KernelContext} hands in its constructor, which is not public. */
  public static void contexts(Function<WorkItem, KernelContext> constructor) {
    contexts = constructor;
  }

  /** The only item of a group of its own, for code that runs outside of any task. */
  public static WorkItem host() {
    return new WorkGroup("host", NdRange.single(), AccessObserver.NONE, false).item(0);
  }

  KernelContext newContext() {
    return contexts.apply(this);
  }

  void begin() {
    allocations = 0;
    site = 0;
    state = State.READY;
    copies.clear();
  }

  /** The group. */
  public WorkGroup group() {
    return group;
  }

  /** Linear index in the group; x runs fastest. */
  public int local() {
    return local;
  }

  /** Linear index in the range, all items of a group in a row. */
  public int global() {
    return group.linear() * group.range().groupSize() + local;
  }

  /** Index in the group along a dimension. */
  public Integer localId(int dimension) {
    return group.localId(dimension, local);
  }

  /** Index in the range along a dimension. */
  public Integer globalId(int dimension) {
    return group.range().offset()[dimension]
        + group.id(dimension) * group.range().local()[dimension]
        + group.localId(dimension, local);
  }

  /** The source line of the barrier that the item comes to next. */
  public void site(int line) {
    site = line;
  }

  int site() {
    return site;
  }

  /** Waits for all items of the group. */
  public void barrier() {
    state = State.AT_BARRIER;
    group.await(this);
  }

  AsyncCopies copies() {
    return copies;
  }

  int nextAllocation() {
    return allocations++;
  }
}
