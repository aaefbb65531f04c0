package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * Reductions over the items of a work group, in an order that never changes: a tree in local
 * memory. Inlined into kernels; every item of the group has to call them.
 *
 * <p>Each call has local memory of its own: handed to an inlined helper, a local array would be
 * indexed as if it were a Java array, in bytes and behind a header, far beyond its end.
 *
 * <p>Not the warp shuffles of TornadoVM's API: its OpenCL backend takes them for the identity.
 */
final class GroupReduce {
  /** Items of a group that reduces; a power of two. */
  static final int SIZE = 128;

  private GroupReduce() {}

  /** The sum of {@code value} over the group. */
  static float sum(KernelContext context, float value) {
    float[] scratch = context.allocateFloatLocalArray(SIZE);
    int item = context.localIdx;
    scratch[item] = value;
    for (int stride = SIZE / 2; stride > 0; stride = stride / 2) {
      context.localBarrier();
      if (item < stride) {
        scratch[item] = scratch[item] + scratch[item + stride];
      }
    }
    context.localBarrier();
    float total = scratch[0];
    context.localBarrier();
    return total;
  }

  /** The largest {@code value} of the group. */
  static float max(KernelContext context, float value) {
    float[] scratch = context.allocateFloatLocalArray(SIZE);
    int item = context.localIdx;
    scratch[item] = value;
    for (int stride = SIZE / 2; stride > 0; stride = stride / 2) {
      context.localBarrier();
      if (item < stride) {
        scratch[item] = TornadoMath.max(scratch[item], scratch[item + stride]);
      }
    }
    context.localBarrier();
    float most = scratch[0];
    context.localBarrier();
    return most;
  }
}
