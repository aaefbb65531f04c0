package org.foretoken.emulator.exec;

import java.util.Arrays;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.exceptions.TornadoTaskRuntimeException;

/** A checked worker grid: sizes of range and group in x, y, z. */
public record NdRange(int[] global, int[] local, int[] offset) {
  private static final int DEFAULT_GROUP = 256;

  static NdRange of(String task, WorkerGrid grid) {
    if (grid == null) {
      throw new TornadoTaskRuntimeException(
          "task "
              + task
              + ": expected a worker grid for a kernel with a KernelContext, found none; add one "
              + "under this name to the GridScheduler and pass it to withGridScheduler");
    }
    int[] global = sizes(task, "global work", grid.getGlobalWork());
    int[] local =
        grid.getLocalWork() == null
            ? defaultLocal(global)
            : sizes(task, "local work", grid.getLocalWork());
    for (int d = 0; d < 3; d++) {
      if (global[d] % local[d] != 0) {
        throw new TornadoTaskRuntimeException(
            "task "
                + task
                + ": expected global work that local work divides, found global "
                + Arrays.toString(global)
                + ", local "
                + Arrays.toString(local));
      }
    }
    if ((long) local[0] * local[1] * local[2] > DeviceLimits.GROUP_ITEMS) {
      throw new TornadoTaskRuntimeException(
          "task "
              + task
              + ": expected at most "
              + DeviceLimits.GROUP_ITEMS
              + " work items in a group, found local "
              + Arrays.toString(local));
    }
    int[] offset = Arrays.stream(grid.getGlobalOffset()).mapToInt(Math::toIntExact).toArray();
    return new NdRange(global, local, offset);
  }

  /** The range of one item in one group. */
  static NdRange single() {
    return new NdRange(new int[] {1, 1, 1}, new int[] {1, 1, 1}, new int[3]);
  }

  /** Groups along a dimension. */
  public int groups(int dimension) {
    return global[dimension] / local[dimension];
  }

  /** Groups in all. */
  int groups() {
    return Math.multiplyExact(Math.multiplyExact(groups(0), groups(1)), groups(2));
  }

  /** Work items of a group. */
  public int groupSize() {
    return local[0] * local[1] * local[2];
  }

  /** A work item in words, by its number when all items of a group come in a row. */
  public String describe(int item) {
    int inGroup = item % groupSize();
    int group = item / groupSize();
    int[] groups = {groups(0), groups(1), groups(2)};
    int[] groupId = coordinates(group, groups);
    int[] localId = coordinates(inGroup, local);
    int[] globalId = new int[3];
    Arrays.setAll(globalId, d -> offset[d] + groupId[d] * local[d] + localId[d]);
    return "work item "
        + Arrays.toString(globalId)
        + " (local "
        + Arrays.toString(localId)
        + " of group "
        + Arrays.toString(groupId)
        + ")";
  }

  private static int[] coordinates(int linear, int[] sizes) {
    return new int[] {
      linear % sizes[0], linear / sizes[0] % sizes[1], linear / (sizes[0] * sizes[1])
    };
  }

  private static int[] sizes(String task, String what, long[] sizes) {
    int[] checked = new int[3];
    for (int d = 0; d < 3; d++) {
      if (sizes[d] < 1 || sizes[d] > Integer.MAX_VALUE) {
        throw new TornadoTaskRuntimeException(
            "task "
                + task
                + ": expected "
                + what
                + " of at least 1 in each dimension, found "
                + Arrays.toString(sizes));
      }
      checked[d] = (int) sizes[d];
    }
    return checked;
  }

  /** A driver would choose too: the largest divisor of x up to 256. */
  private static int[] defaultLocal(int[] global) {
    int x = Math.min(DEFAULT_GROUP, global[0]);
    while (global[0] % x != 0) {
      x--;
    }
    return new int[] {x, 1, 1};
  }
}
