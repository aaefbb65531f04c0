package org.foretoken.kernels.graph;

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
}
