package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** k[r,h] = [kv[r,h,:nope] ; kRope[r]], v[r,h] = kv[r,h,nope:]. */
public final class LatentHeadsForward {
  private LatentHeadsForward() {}

  /**
   * One work item an element of a head's key or value: the key's columns first.
   *
   * @param kv F32 [rows, heads * (nopeDim + valueDim)], row-major
   * @param kRope F32 [rows, ropeDim], row-major
   * @param k F32 [rows, heads * (nopeDim + ropeDim)], row-major, written
   * @param v F32 [rows, heads * valueDim], row-major, written
   */
  public static void latentHeadsForward(
      FloatArray kv,
      FloatArray kRope,
      FloatArray k,
      FloatArray v,
      int rows,
      int heads,
      int nopeDim,
      int ropeDim,
      int valueDim) {
    int keyDim = nopeDim + ropeDim;
    int columns = keyDim + valueDim;
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < heads * columns; c++) {
        int head = c / columns;
        int d = c % columns;
        int from = (r * heads + head) * (nopeDim + valueDim);
        if (d < nopeDim) {
          k.set((r * heads + head) * keyDim + d, kv.get(from + d));
        }
        if (d >= nopeDim && d < keyDim) {
          k.set((r * heads + head) * keyDim + d, kRope.get(r * ropeDim + d - nopeDim));
        }
        if (d >= keyDim) {
          v.set((r * heads + head) * valueDim + d - keyDim, kv.get(from + d - ropeDim));
        }
      }
    }
  }
}
