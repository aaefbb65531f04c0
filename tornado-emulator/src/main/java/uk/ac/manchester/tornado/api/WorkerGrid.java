package uk.ac.manchester.tornado.api;

/** How many work items a task gets, and how they form groups; arrays are in the order x, y, z. */
public interface WorkerGrid {
  /** The number of dimensions, 1 to 3. */
  int dimension();

  /** Work items in all. */
  long[] getGlobalWork();

  /** Work items of a group, or null to leave them to the driver. */
  long[] getLocalWork();

  /** Groups, or null as long as the group size is left to the driver. */
  long[] getNumberOfWorkgroups();

  /** What is added to every global index. */
  long[] getGlobalOffset();

  /** Sets the number of work items. */
  void setGlobalWork(long x, long y, long z);

  /** Sets the size of a group. */
  void setLocalWork(long x, long y, long z);

  /** Forgets the number of groups. */
  void setNumberOfWorkgroupsToNull();

  /** Leaves the size of a group to the driver. */
  void setLocalWorkToNull();

  /** Sets what is added to every global index. */
  void setGlobalOffset(long x, long y, long z);
}
