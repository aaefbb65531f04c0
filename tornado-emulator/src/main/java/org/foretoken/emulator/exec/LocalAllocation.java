package org.foretoken.emulator.exec;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/** What a kernel context does to allocate local memory. */
public final class LocalAllocation {
  private LocalAllocation() {}

  /** A local array of {@code size} ints. */
  public static int[] ints(WorkItem item, int size) {
    return memory(item).get(item, int[].class, size, Integer.BYTES, LocalMemory::ints);
  }

  /** A local array of {@code size} longs. */
  public static long[] longs(WorkItem item, int size) {
    return memory(item).get(item, long[].class, size, Long.BYTES, LocalMemory::longs);
  }

  /** A local array of {@code size} floats. */
  public static float[] floats(WorkItem item, int size) {
    return memory(item).get(item, float[].class, size, Float.BYTES, LocalMemory::floats);
  }

  /** A local array of {@code size} doubles. */
  public static double[] doubles(WorkItem item, int size) {
    return memory(item).get(item, double[].class, size, Double.BYTES, LocalMemory::doubles);
  }

  /** A local array of {@code size} bytes. */
  public static byte[] bytes(WorkItem item, int size) {
    return memory(item).get(item, byte[].class, size, Byte.BYTES, LocalMemory::bytes);
  }

  /** A local array of {@code size} FP16 values. */
  public static HalfFloat[] halves(WorkItem item, int size) {
    return memory(item).get(item, HalfFloat[].class, size, Short.BYTES, LocalMemory::halves);
  }

  /** A local array of {@code size} pairs of FP16 values. */
  public static Half2[] half2s(WorkItem item, int size) {
    return memory(item).get(item, Half2[].class, size, Integer.BYTES, LocalMemory::half2s);
  }

  private static LocalMemory memory(WorkItem item) {
    return item.group().localMemory();
  }
}
