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
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * All graphs of a backend as one TornadoVM execution plan: the {@link ResidenceGraph}s that own the
 * arrays, the {@link PartGraph}s, and a {@link StagingGraph} for each tensor that the host changes
 * while the plan lives. Only within one plan can task graphs share device memory.
 */
final class DevicePlan implements AutoCloseable {
  private final TornadoExecutionPlan plan;
  private final List<ImmutableTaskGraph> graphs = new ArrayList<>();
  private final IdentityHashMap<TaskGraph, Integer> indexOf = new IdentityHashMap<>();
  private final List<ResidenceGraph> residences;
  private final IdentityHashMap<TornadoNativeArray, Integer> home = new IdentityHashMap<>();
  private final IdentityHashMap<DeviceExecutable, List<PartGraph>> parts = new IdentityHashMap<>();
  private final Map<String, StagingGraph> staging = new LinkedHashMap<>();
  private boolean resident;

  /**
   * Builds the plan; nothing runs yet.
   *
   * @param changeable names of resident tensors that {@link #upload} shall be possible for
   * @param mostTasks of one task graph
   * @param cudaGraph whether parts are captured and replayed; transfers to the device stay outside
   */
  DevicePlan(
      DeviceMemory memory,
      Collection<DeviceExecutable> executables,
      Set<String> changeable,
      int mostTasks,
      boolean cudaGraph) {
    memory.allocateShared();
    IdentityHashMap<DeviceExecutable, List<DeviceTask>> tasks = new IdentityHashMap<>();
    for (DeviceExecutable executable : executables) {
      tasks.put(executable, executable.emit(memory)); // before the residences: constants appear
    }
    GridScheduler grids = new GridScheduler();
    residences = ResidenceGraph.of(memory.uploaded(), memory.scratch(), grids);
    for (ResidenceGraph residence : residences) {
      for (TornadoNativeArray array : residence.arrays()) {
        home.put(array, residences.indexOf(residence));
      }
      include(residence.graph());
    }
    Set<TornadoNativeArray> inputs = Collections.newSetFromMap(new IdentityHashMap<>());
    inputs.addAll(memory.inputs());
    for (DeviceExecutable executable : executables) {
      List<PartGraph> partGraphs = new ArrayList<>();
      for (List<DeviceTask> part : TaskSplit.of(tasks.get(executable), mostTasks)) {
        String name = "graph" + parts.size() + "part" + partGraphs.size();
        PartGraph graph = new PartGraph(name, part, inputs, home, residences, grids);
        include(graph.gathering());
        include(graph.graph());
        partGraphs.add(graph);
      }
      parts.put(executable, partGraphs);
    }
    for (String name : changeable) {
      TornadoNativeArray array = memory.resident(name);
      ResidenceGraph owner = residences.get(home.get(array));
      StagingGraph graph = StagingGraph.of("change" + staging.size(), owner.name(), array);
      staging.put(name, graph);
      include(graph.graph());
    }
    plan = new TornadoExecutionPlan(graphs.toArray(ImmutableTaskGraph[]::new));
    plan.withGridScheduler(grids);
    if (cudaGraph) {
      // The graphs that own arrays and those that gather them stay as they are: one kernel each.
      parts.values().stream()
          .flatMap(List::stream)
          .forEach(part -> plan.withGraph(indexOf.get(part.graph())).withCUDAGraph());
    }
  }

  private void include(TaskGraph graph) {
    indexOf.put(graph, graphs.size());
    graphs.add(graph.snapshot());
  }

  /** The options of the plan, as TornadoVM lists them. */
  String trace() {
    return plan.getTraceExecutionPlan();
  }

  private TornadoExecutionResult execute(TaskGraph graph) {
    return plan.withGraph(indexOf.get(graph)).execute();
  }

  /** Runs all tasks of one graph. */
  void run(DeviceExecutable executable) {
    takeResidence();
    for (PartGraph part : parts.get(executable)) {
      try {
        gather(part);
        execute(part.graph());
      } catch (RuntimeException | Error e) {
        throw DeviceFailure.explain(executable.graph().name(), part.tasks(), e);
      }
    }
  }

  /** Hands the buffers of its arrays to a part: from every owner once, later from itself. */
  private void gather(PartGraph part) {
    List<Integer> homes =
        part.gather() ? part.homes().subList(0, Math.min(1, part.homes().size())) : part.homes();
    for (int index : homes) {
      execute(residences.get(index).graph());
      execute(part.gathering());
    }
  }

  /** Brings all arrays onto the device, where they are not yet. */
  private void takeResidence() {
    if (resident) {
      return;
    }
    try {
      for (ResidenceGraph residence : residences) {
        execute(residence.graph());
      }
      resident = true;
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
    if (!resident) {
      return;
    }
    for (int i = 0; i < residences.size(); i++) {
      int index = i;
      List<TornadoNativeArray> here = arrays.stream().filter(a -> home.get(a) == index).toList();
      if (!here.isEmpty()) {
        execute(residences.get(i).graph()).transferToHost(here.toArray());
      }
    }
  }

  /** Whether {@link #upload} is possible for a tensor. */
  boolean canChange(String tensor) {
    return staging.containsKey(tensor);
  }

  /** Copies {@code source} into a resident tensor, whose array is given, on the device. */
  void upload(String tensor, TornadoNativeArray array, MemorySegment source) {
    StagingGraph graph = staging.get(tensor);
    for (long element = 0; element < graph.elements(); element += graph.chunk()) {
      graph.fill(source, element);
      execute(residences.get(home.get(array)).graph());
      execute(graph.graph());
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
