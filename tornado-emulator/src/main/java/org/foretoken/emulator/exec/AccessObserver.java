package org.foretoken.emulator.exec;

/** Told of every memory access that the emulator makes on a work item's behalf. */
public interface AccessObserver {
  /** Watches nothing. */
  AccessObserver NONE = new AccessObserver() {};

  /** A read of {@code count} elements from {@code index} on. */
  default void read(Object array, int index, int count) {}

  /** A write of {@code count} elements from {@code index} on. */
  default void write(Object array, int index, int count) {}

  /** An atomic read and write of one element. */
  default void atomic(Object array, int index) {}

  /** An asynchronous copy into one element begins. */
  default void copyBegins(int[] array, int index) {}

  /** An asynchronous copy into one element has been waited for. */
  default void copyEnds(int[] array, int index) {}

  /** A work item is about to run, or to go on. */
  default void enter(WorkItem item) {}

  /** A group begins. */
  default void groupBegins(WorkGroup group) {}

  /** All items of the group have passed a barrier. */
  default void phaseBegins() {}

  /** A local array came into being. */
  default void allocated(Object array, int length) {}
}
