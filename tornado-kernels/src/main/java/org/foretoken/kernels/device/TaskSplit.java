package org.foretoken.kernels.device;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Tasks in as few groups as TornadoVM's limits on a task graph allow: 256 tasks, 8192 bytes of
 * their encoding, 1024 nodes of the graph that is made from it.
 */
final class TaskSplit {
  /** Tasks of a group, at most. */
  static final int MOST_TASKS = 250;

  private static final int MOST_BYTES = 8000;
  private static final int MOST_NODES = 1000;
  private static final int BYTES_PER_TASK = 16;
  private static final int BYTES_PER_ARGUMENT = 5;

  /** Scalars and context of a task, at most. */
  private static final int OTHER_ARGUMENTS = 9;

  /** An array is an object, a node that brings it, and one that lets it go. */
  private static final int NODES_PER_ARRAY = 3;

  /** A task, what it writes, and constants that no other task has. */
  private static final int NODES_PER_TASK = 6;

  private TaskSplit() {}

  /** Splits {@code tasks} into consecutive groups of at most {@code mostTasks}. */
  static List<List<DeviceTask>> of(List<DeviceTask> tasks, int mostTasks) {
    List<List<DeviceTask>> groups = new ArrayList<>();
    List<DeviceTask> group = new ArrayList<>();
    Set<TornadoNativeArray> arrays = Collections.newSetFromMap(new IdentityHashMap<>());
    int bytes = 0;
    for (DeviceTask task : tasks) {
      int size = BYTES_PER_TASK + BYTES_PER_ARGUMENT * (task.arrays().size() + OTHER_ARGUMENTS);
      int fresh = (int) task.arrays().stream().filter(a -> !arrays.contains(a)).count();
      int nodes = NODES_PER_ARRAY * (arrays.size() + fresh) + NODES_PER_TASK * (group.size() + 1);
      if (group.size() == mostTasks || bytes + size > MOST_BYTES || nodes > MOST_NODES) {
        groups.add(group);
        group = new ArrayList<>();
        arrays.clear();
        bytes = 0;
      }
      group.add(task);
      arrays.addAll(task.arrays());
      bytes += size;
    }
    if (!group.isEmpty()) {
      groups.add(group);
    }
    return groups;
  }
}
