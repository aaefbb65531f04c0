package org.foretoken.kernels.graph;

import java.util.ArrayList;
import java.util.List;

/** A graph that a backend has planned. */
public interface Executable {
  /** The graph. */
  Graph graph();

  /** Runs every operation once, in an order that respects all dependencies; returns when done. */
  void run();

  /** Where the transient tensors lie. */
  MemoryPlan memoryPlan();

  /** Nanoseconds each node took in the last run, by node index; zeros where tracing is off. */
  long[] nodeNanos();

  /**
   * When and on which worker each node ran in the last run, by node index: one after the other
   * unless the backend says otherwise.
   */
  default List<Dependencies.Slot> nodeSlots() {
    List<Dependencies.Slot> slots = new ArrayList<>();
    long start = 0;
    for (long nanos : nodeNanos()) {
      slots.add(new Dependencies.Slot(0, start, nanos));
      start += nanos;
    }
    return slots;
  }
}
