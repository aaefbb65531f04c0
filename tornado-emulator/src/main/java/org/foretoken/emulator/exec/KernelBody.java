package org.foretoken.emulator.exec;

/** A kernel that can be called with its arguments in an array. */
@FunctionalInterface
public interface KernelBody {
  /** Runs one work item, or all iterations of a parallel loop. */
  void run(Object[] arguments);
}
