package org.foretoken.emulator.exec;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/**
 * The local arrays of the group at hand.
 *
 * <p>All items of a group get the same array from their k-th allocation. The next group gets the
 * arrays again with whatever the last one left in them, as on a device.
 */
final class LocalMemory {
  private final List<Object> arrays = new ArrayList<>();
  private int bytes;

  <T> T get(WorkItem item, Class<T> type, int length, int elementBytes, IntFunction<T> create) {
    int ordinal = item.nextAllocation();
    WorkGroup group = item.group();
    if (ordinal == arrays.size()) {
      bytes += length * elementBytes;
      if (length < 1 || bytes > DeviceLimits.LOCAL_MEMORY_BYTES) {
        throw group.fault(
            item,
            KernelFault.Kind.LOCAL_MEMORY,
            "expected 1 to "
                + DeviceLimits.LOCAL_MEMORY_BYTES
                + " bytes in all, found "
                + (length < 1 ? "an array of " + length + " elements" : bytes + " bytes"));
      }
      arrays.add(create.apply(length));
    }
    Object array = arrays.get(ordinal);
    if (array.getClass() != type || java.lang.reflect.Array.getLength(array) != length) {
      throw group.fault(
          item,
          KernelFault.Kind.LOCAL_MEMORY,
          "expected the same allocations in every work item of a group, found "
              + type.componentType().getSimpleName()
              + "["
              + length
              + "] where another item allocated "
              + array.getClass().componentType().getSimpleName()
              + "["
              + java.lang.reflect.Array.getLength(array)
              + "]");
    }
    group.observer().allocated(array, length);
    return type.cast(array);
  }

  static float[] floats(int n) {
    float[] array = new float[n];
    Arrays.fill(array, Float.NaN);
    return array;
  }

  static double[] doubles(int n) {
    double[] array = new double[n];
    Arrays.fill(array, Double.NaN);
    return array;
  }

  static int[] ints(int n) {
    int[] array = new int[n];
    Arrays.fill(array, -1);
    return array;
  }

  static long[] longs(int n) {
    long[] array = new long[n];
    Arrays.fill(array, -1);
    return array;
  }

  static byte[] bytes(int n) {
    byte[] array = new byte[n];
    Arrays.fill(array, (byte) -1);
    return array;
  }

  static HalfFloat[] halves(int n) {
    HalfFloat[] array = new HalfFloat[n];
    Arrays.fill(array, new HalfFloat(Float.NaN));
    return array;
  }

  static Half2[] half2s(int n) {
    Half2[] array = new Half2[n];
    Arrays.setAll(array, _ -> Half2.fromFloats(Float.NaN, Float.NaN));
    return array;
  }
}
