package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Nothing happens; the arguments come to lie on the device.
 *
 * <p>TornadoVM allocates what a task of a graph takes, and lets later graphs consume it. The graph
 * of these tasks therefore owns every array that outlives a run or a part of one. The branch is
 * never taken: it is there because a kernel must have a body. It writes to an array of its own, I32
 * [1], since an array that a task both writes and takes a second time would make TornadoVM's
 * scheduler wait for ever.
 */
public final class Residence {
  /** Arrays that one of these tasks holds. */
  public static final int ARRAYS = 16;

  private Residence() {}

  /** Holds nothing: the task of a graph that has to have one. */
  public static void idle(KernelContext context, IntArray never) {
    if (context.globalIdx < 0) {
      never.set(0, 0);
    }
  }

  /** Holds FP32 arrays of any size. */
  public static void holdFloats(
      KernelContext context,
      IntArray never,
      FloatArray a,
      FloatArray b,
      FloatArray c,
      FloatArray d,
      FloatArray e,
      FloatArray f,
      FloatArray g,
      FloatArray h,
      FloatArray i,
      FloatArray j,
      FloatArray k,
      FloatArray l,
      FloatArray m,
      FloatArray n,
      FloatArray o,
      FloatArray p) {
    if (context.globalIdx < 0) {
      never.set(0, 0);
    }
  }

  /** Holds I32 arrays of any size. */
  public static void holdInts(
      KernelContext context,
      IntArray never,
      IntArray a,
      IntArray b,
      IntArray c,
      IntArray d,
      IntArray e,
      IntArray f,
      IntArray g,
      IntArray h,
      IntArray i,
      IntArray j,
      IntArray k,
      IntArray l,
      IntArray m,
      IntArray n,
      IntArray o,
      IntArray p) {
    if (context.globalIdx < 0) {
      never.set(0, 0);
    }
  }

  /** Holds arrays of 16-bit codes of any size. */
  public static void holdShorts(
      KernelContext context,
      IntArray never,
      ShortArray a,
      ShortArray b,
      ShortArray c,
      ShortArray d,
      ShortArray e,
      ShortArray f,
      ShortArray g,
      ShortArray h,
      ShortArray i,
      ShortArray j,
      ShortArray k,
      ShortArray l,
      ShortArray m,
      ShortArray n,
      ShortArray o,
      ShortArray p) {
    if (context.globalIdx < 0) {
      never.set(0, 0);
    }
  }

  /** Holds arrays of 8-bit codes of any size. */
  public static void holdBytes(
      KernelContext context,
      IntArray never,
      ByteArray a,
      ByteArray b,
      ByteArray c,
      ByteArray d,
      ByteArray e,
      ByteArray f,
      ByteArray g,
      ByteArray h,
      ByteArray i,
      ByteArray j,
      ByteArray k,
      ByteArray l,
      ByteArray m,
      ByteArray n,
      ByteArray o,
      ByteArray p) {
    if (context.globalIdx < 0) {
      never.set(0, 0);
    }
  }
}
