package org.foretoken.emulator.exec;

import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;

/** Atomic additions; items run one at a time, so telling the observer is all the care it takes. */
public final class Atomics {
  private Atomics() {}

  /** Adds to an element. */
  public static void add(WorkItem item, IntArray array, int index, int value) {
    item.group().observer().atomic(array, index);
    array.set(index, array.get(index) + value);
  }

  /** Adds to an element of local memory. */
  public static void add(WorkItem item, int[] array, int index, int value) {
    item.group().observer().atomic(array, index);
    array[index] += value;
  }

  /** Adds to an element. */
  public static void add(WorkItem item, LongArray array, int index, long value) {
    item.group().observer().atomic(array, index);
    array.set(index, array.get(index) + value);
  }

  /** Adds to an element. */
  public static void add(WorkItem item, FloatArray array, int index, float value) {
    item.group().observer().atomic(array, index);
    array.set(index, array.get(index) + value);
  }

  /** Adds to an element. */
  public static void add(WorkItem item, DoubleArray array, int index, double value) {
    item.group().observer().atomic(array, index);
    array.set(index, array.get(index) + value);
  }
}
