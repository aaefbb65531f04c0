package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;

/**
 * Reductions over the items of a work group, in an order that never changes: a tree in local
 * memory. Inlined into kernels; every item of the group has to call them.
 *
 * <p>Not the warp shuffles of TornadoVM's API: its OpenCL backend takes them for the identity.
 */
final class GroupReduce {
  /** Items of a group that reduces; a power of two. */
  static final int SIZE = 128;

  private GroupReduce() {}

  /**
   * The sum of {@code value} over the group.
   *
   * @param scratch local memory of {@link #SIZE} elements, free again on return
   */
  static float sum(KernelContext context, float[] scratch, float value) {
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

  /**
   * The largest {@code value} of the group.
   *
   * @param scratch local memory of {@link #SIZE} elements, free again on return
   */
  static float max(KernelContext context, float[] scratch, float value) {
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
