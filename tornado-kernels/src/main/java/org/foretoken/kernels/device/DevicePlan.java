package org.foretoken.kernels.device;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.ImmutableTaskGraph;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.TornadoExecutionResult;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * All graphs of a backend as one TornadoVM execution plan: the {@link ResidenceGraph} that owns the
 * arrays, the parts of each graph, and a graph for each tensor that the host changes while the plan
 * lives. Only within one plan can task graphs share device memory.
 */
final class DevicePlan implements AutoCloseable {
  /** TornadoVM keeps at most 256 tasks, and 8192 bytes of their encoding, in a task graph. */
  private static final int TASKS_PER_GRAPH = 128;

  private static final int BYTES_PER_GRAPH = 7500;
  private static final int BYTES_PER_TASK = 16;
  private static final int BYTES_PER_ARGUMENT = 5;

  /** Scalars and context of a task that are not counted one by one. */
  private static final int OTHER_ARGUMENTS = 12;

  private final TornadoExecutionPlan plan;
  private final Map<DeviceExecutable, List<Integer>> parts = new IdentityHashMap<>();
  private final Map<Integer, List<DeviceTask>> tasksOf = new LinkedHashMap<>();
  private final Map<String, StagingGraph> staging = new LinkedHashMap<>();
  private final Map<String, Integer> stagingIndex = new LinkedHashMap<>();
  private boolean resident;

  /**
   * Builds the plan; nothing runs yet.
   *
   * @param changeable names of resident tensors that {@link #upload} shall be possible for
   */
  DevicePlan(
      DeviceMemory memory, Collection<DeviceExecutable> executables, Set<String> changeable) {
    memory.allocateShared();
    GridScheduler grids = new GridScheduler();
    List<ImmutableTaskGraph> graphs = new ArrayList<>();
    Map<DeviceExecutable, List<DeviceTask>> tasks = new IdentityHashMap<>();
    for (DeviceExecutable executable : executables) {
      tasks.put(executable, executable.emit(memory)); // before the residence: constants appear
    }
    graphs.add(ResidenceGraph.build(memory.uploaded(), memory.scratch(), grids).snapshot());
    Set<TornadoNativeArray> inputs = Collections.newSetFromMap(new IdentityHashMap<>());
    inputs.addAll(memory.inputs());
    int number = 0;
    for (DeviceExecutable executable : executables) {
      List<Integer> indices = new ArrayList<>();
      for (List<DeviceTask> part : split(tasks.get(executable))) {
        String name = "graph" + number + "part" + indices.size();
        tasksOf.put(graphs.size(), part);
        indices.add(graphs.size());
        graphs.add(taskGraph(name, part, inputs, grids).snapshot());
      }
      parts.put(executable, indices);
      number++;
    }
    for (String name : changeable) {
      StagingGraph graph = StagingGraph.of("change" + staging.size(), memory.resident(name));
      staging.put(name, graph);
      stagingIndex.put(name, graphs.size());
      graphs.add(graph.graph().snapshot());
    }
    plan = new TornadoExecutionPlan(graphs.toArray(ImmutableTaskGraph[]::new));
    plan.withGridScheduler(grids);
  }

  /** As few groups of consecutive tasks as fit TornadoVM's limits. */
  private static List<List<DeviceTask>> split(List<DeviceTask> tasks) {
    List<List<DeviceTask>> groups = new ArrayList<>();
    List<DeviceTask> group = new ArrayList<>();
    int bytes = 0;
    for (DeviceTask task : tasks) {
      int size = BYTES_PER_TASK + BYTES_PER_ARGUMENT * (task.arrays().size() + OTHER_ARGUMENTS);
      if (group.size() == TASKS_PER_GRAPH || bytes + size > BYTES_PER_GRAPH) {
        groups.add(group);
        group = new ArrayList<>();
        bytes = 0;
      }
      group.add(task);
      bytes += size;
    }
    if (!group.isEmpty()) {
      groups.add(group);
    }
    return groups;
  }

  private static TaskGraph taskGraph(
      String name, List<DeviceTask> tasks, Set<TornadoNativeArray> inputs, GridScheduler grids) {
    Set<TornadoNativeArray> uploaded = Collections.newSetFromMap(new IdentityHashMap<>());
    Set<TornadoNativeArray> consumed = Collections.newSetFromMap(new IdentityHashMap<>());
    TaskGraph graph = new TaskGraph(name);
    for (DeviceTask task : tasks) {
      for (TornadoNativeArray array : task.arrays()) {
        if (inputs.contains(array)) {
          if (uploaded.add(array)) {
            graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, array);
          }
        } else if (consumed.add(array)) {
          graph.consumeFromDevice(ResidenceGraph.NAME, array);
        }
      }
    }
    for (int i = 0; i < tasks.size(); i++) {
      DeviceTask task = tasks.get(i);
      String id = taskId(task, i);
      task.code().addTo(graph, id);
      if (task.grid() != null) {
        grids.addWorkerGrid(name + "." + id, task.grid());
      }
    }
    return graph;
  }

  private static String taskId(DeviceTask task, int index) {
    return task.kernel() + "_" + index;
  }

  /** Runs all tasks of one graph. */
  void run(DeviceExecutable executable) {
    for (int index : parts.get(executable)) {
      takeResidence();
      try {
        plan.withGraph(index).execute();
      } catch (RuntimeException | Error e) {
        throw DeviceFailure.explain(executable.graph().name(), tasksOf.get(index), e);
      }
    }
  }

  /** Brings all arrays onto the device, where they are not yet. */
  private TornadoExecutionResult takeResidence() {
    try {
      TornadoExecutionResult result = plan.withGraph(0).execute();
      resident = true;
      return result;
    } catch (RuntimeException | Error e) {
      throw DeviceFailure.explain("residence of all tensors", List.of(), e);
    }
  }

  /** Whether the device, and no longer the host, has the values of resident tensors. */
  boolean onDevice() {
    return resident;
  }

  /** Copies arrays from the device to their host memory. */
  void download(Collection<TornadoNativeArray> arrays) {
    if (resident) {
      takeResidence().transferToHost(arrays.toArray());
    }
  }

  /** Whether {@link #upload} is possible for a tensor. */
  boolean canChange(String tensor) {
    return staging.containsKey(tensor);
  }

  /** Copies {@code source} into a resident tensor on the device. */
  void upload(String tensor, MemorySegment source) {
    StagingGraph graph = staging.get(tensor);
    for (long element = 0; element < graph.elements(); element += graph.chunk()) {
      graph.fill(source, element);
      takeResidence();
      plan.withGraph(stagingIndex.get(tensor)).execute();
    }
  }

  @Override
  public void close() {
    try {
      plan.freeDeviceMemory();
      plan.close();
    } catch (TornadoExecutionPlanException e) {
      throw new DeviceException("device: cannot close the execution plan: " + e.getMessage(), e);
    }
  }
}
