package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.vectors.Half2;

/** What a work item can do on every kind of device. */
public interface ExecutionContext {
  /** Waits for all items of the group; orders accesses to local memory. */
  void localBarrier();

  /** Waits for all items of the group; orders accesses to global memory. */
  void globalBarrier();

  /** A local array, shared by the group; the size is a constant. */
  int[] allocateIntLocalArray(int size);

  /** A local array, shared by the group; the size is a constant. */
  long[] allocateLongLocalArray(int size);

  /** A local array, shared by the group; the size is a constant. */
  float[] allocateFloatLocalArray(int size);

  /** A local array, shared by the group; the size is a constant. */
  double[] allocateDoubleLocalArray(int size);

  /** A local array, shared by the group; the size is a constant. */
  byte[] allocateByteLocalArray(int size);

  /** A local array, shared by the group; the size is a constant. */
  HalfFloat[] allocateHalfFloatLocalArray(int size);

  /** A local array of packed pairs, shared by the group; the size is a constant. */
  Half2[] allocateHalf2LocalArray(int size);

  /** Adds {@code val} to an element, indivisibly. */
  void atomicAdd(IntArray array, int index, int val);

  /** Adds {@code val} to an element of local memory, indivisibly. */
  void atomicAdd(int[] array, int index, int val);

  /** Adds {@code val} to an element, indivisibly. */
  void atomicAdd(LongArray array, int index, long val);

  /** Adds {@code val} to an element, indivisibly. */
  void atomicAdd(FloatArray array, int index, float val);

  /** Adds {@code val} to an element, indivisibly. */
  void atomicAdd(DoubleArray array, int index, double val);
}
