package uk.ac.manchester.tornado.api;

import java.util.Arrays;

/** The sizes that all worker grids keep. */
public abstract class AbstractWorkerGrid implements WorkerGrid {
  private long[] globalWork;
  private long[] localWork;
  private long[] numberOfWorkgroups;
  private long[] globalOffset = {0, 0, 0};

  AbstractWorkerGrid(long x, long y, long z) {
    setGlobalWork(x, y, z);
  }

  @Override
  public long[] getGlobalWork() {
    return globalWork;
  }

  @Override
  public long[] getLocalWork() {
    return localWork;
  }

  @Override
  public long[] getNumberOfWorkgroups() {
    return numberOfWorkgroups;
  }

  @Override
  public long[] getGlobalOffset() {
    return globalOffset;
  }

  @Override
  public void setGlobalWork(long x, long y, long z) {
    globalWork = new long[] {x, y, z};
    countWorkgroups();
  }

  @Override
  public void setLocalWork(long x, long y, long z) {
    localWork = new long[] {x, y, z};
    countWorkgroups();
  }

  @Override
  public void setGlobalOffset(long x, long y, long z) {
    globalOffset = new long[] {x, y, z};
  }

  @Override
  public void setLocalWorkToNull() {
    localWork = null;
  }

  @Override
  public void setNumberOfWorkgroupsToNull() {
    numberOfWorkgroups = null;
  }

  @Override
  public String toString() {
    return getClass().getSimpleName()
        + " global "
        + Arrays.toString(globalWork)
        + " local "
        + Arrays.toString(localWork);
  }

  private void countWorkgroups() {
    if (localWork != null) {
      numberOfWorkgroups = new long[globalWork.length];
      Arrays.setAll(numberOfWorkgroups, d -> globalWork[d] / Math.max(1, localWork[d]));
    }
  }
}
