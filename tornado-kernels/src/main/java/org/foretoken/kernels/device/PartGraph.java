package org.foretoken.kernels.device;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.foretoken.kernels.kernel.Residence;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Consecutive tasks as a TornadoVM task graph, and the graph that gathers their arrays for it.
 *
 * <p>TornadoVM hands a graph the device buffers of the one graph that ran just before it. Where the
 * arrays of the tasks belong to several {@link ResidenceGraph}s, an idle graph in between consumes
 * them from each in turn, and keeps what it got.
 */
final class PartGraph {
  private final List<DeviceTask> tasks;
  private final TaskGraph gathering;
  private final TaskGraph graph;
  private final List<Integer> homes;
  private boolean gathered;

  /**
   * Builds both graphs.
   *
   * @param inputs arrays that the host writes before each run, uploaded by the part itself
   * @param home index of the residence graph that owns an array
   */
  PartGraph(
      String name,
      List<DeviceTask> tasks,
      Set<TornadoNativeArray> inputs,
      Map<TornadoNativeArray, Integer> home,
      List<ResidenceGraph> residences,
      GridScheduler grids) {
    this.tasks = tasks;
    Set<TornadoNativeArray> uploaded = Collections.newSetFromMap(new IdentityHashMap<>());
    Map<Integer, List<TornadoNativeArray>> consumed = new TreeMap<>();
    Set<TornadoNativeArray> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (DeviceTask task : tasks) {
      for (TornadoNativeArray array : task.arrays()) {
        if (inputs.contains(array)) {
          uploaded.add(array);
        } else if (seen.add(array)) {
          consumed.computeIfAbsent(home.get(array), h -> new ArrayList<>()).add(array);
        }
      }
    }
    homes = List.copyOf(consumed.keySet());
    String gatheringName = name + "gathering";
    gathering = new TaskGraph(gatheringName);
    graph = new TaskGraph(name);
    consumed.forEach(
        (index, arrays) -> {
          gathering.consumeFromDevice(residences.get(index).name(), arrays.toArray());
          gathering.persistOnDevice(arrays.toArray());
          graph.consumeFromDevice(gatheringName, arrays.toArray());
        });
    gathering.task("idle", Residence::idle, TaskList.CONTEXT, new IntArray(1));
    grids.addWorkerGrid(gatheringName + ".idle", TaskList.groups(1, 1));
    if (!uploaded.isEmpty()) {
      graph.transferToDevice(DataTransferMode.EVERY_EXECUTION, uploaded.toArray());
    }
    for (int i = 0; i < tasks.size(); i++) {
      DeviceTask task = tasks.get(i);
      String id = task.kernel() + "_" + i;
      task.code().addTo(graph, id);
      if (task.grid() != null) {
        grids.addWorkerGrid(name + "." + id, task.grid());
      }
    }
  }

  List<DeviceTask> tasks() {
    return tasks;
  }

  TaskGraph gathering() {
    return gathering;
  }

  TaskGraph graph() {
    return graph;
  }

  /** Indices of the residence graphs that own its arrays. */
  List<Integer> homes() {
    return homes;
  }

  /** Whether the gathering graph has the buffers of all its arrays; true from the next call on. */
  boolean gather() {
    boolean before = gathered;
    gathered = true;
    return before;
  }
}
