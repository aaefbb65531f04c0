package org.foretoken.kernels.kernel;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** dkv[r,h] = [dk[r,h,:nope] ; dv[r,h]], dkRope[r] = sum over h of dk[r,h,nope:]. */
public final class LatentHeadsBackward {
  private LatentHeadsBackward() {}

  /**
   * One work item an element of dkv, and behind them one an element of dkRope, which adds the heads
   * up in ascending order.
   *
   * @param dk F32 [rows, heads * (nopeDim + ropeDim)], row-major
   * @param dv F32 [rows, heads * valueDim], row-major
   * @param dkv F32 [rows, heads * (nopeDim + valueDim)], row-major, written
   * @param dkRope F32 [rows, ropeDim], row-major, written
   */
  public static void latentHeadsBackward(
      FloatArray dk,
      FloatArray dv,
      FloatArray dkv,
      FloatArray dkRope,
      int rows,
      int heads,
      int nopeDim,
      int ropeDim,
      int valueDim) {
    int keyDim = nopeDim + ropeDim;
    int columns = nopeDim + valueDim;
    for (@Parallel int r = 0; r < rows; r++) {
      for (@Parallel int c = 0; c < heads * columns + ropeDim; c++) {
        int head = c / columns;
        int d = c % columns;
        int extra = c - heads * columns;
        if (extra < 0) {
          float g;
          if (d < nopeDim) {
            g = dk.get((r * heads + head) * keyDim + d);
          } else {
            g = dv.get((r * heads + head) * valueDim + d - nopeDim);
          }
          dkv.set(r * heads * columns + c, g);
        }
        float sum = 0f;
        int shared = extra < 0 ? 0 : heads;
        for (int h = 0; h < shared; h++) {
          sum = sum + dk.get((r * heads + h) * keyDim + nopeDim + extra);
        }
        if (extra >= 0) {
          dkRope.set(r * ropeDim + extra, sum);
        }
      }
    }
  }
}
