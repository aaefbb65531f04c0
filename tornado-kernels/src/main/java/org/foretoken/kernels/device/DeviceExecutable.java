package org.foretoken.kernels.device;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.MemoryPlan;
import org.foretoken.kernels.graph.Node;

/** A graph whose arrays are planned; its task graphs are built with the next run. */
public final class DeviceExecutable implements Executable {
  private final DeviceBackend backend;
  private final Graph graph;
  private final MemoryPlan memoryPlan;
  private final NodeFusion fusion;
  private final SlotPlan slots;

  DeviceExecutable(DeviceBackend backend, Graph graph) {
    this.backend = backend;
    this.graph = graph;
    this.memoryPlan = MemoryPlan.of(graph);
    this.fusion = NodeFusion.of(graph, backend.roads());
    this.slots = SlotPlan.of(graph, fusion);
  }

  /** Reserves what the transients and the kernels' scratch memory need. */
  void reserve(DeviceMemory memory) {
    TaskList measure = TaskList.measuring(slots, fusion, backend.tensorCores(), backend.roads());
    for (Node node : graph.nodes()) {
      DeviceDispatch.emit(node, measure);
    }
    for (ArrayType type : ArrayType.values()) {
      List<Long> sizes = new ArrayList<>(slots.capacities(type));
      sizes.addAll(measure.scratchSizes(type));
      memory.reserve(type, sizes);
    }
  }

  /** The tasks of all nodes, in program order. */
  List<DeviceTask> emit(DeviceMemory memory) {
    TaskList tasks = new TaskList(memory, slots, fusion, backend.tensorCores(), backend.roads());
    for (Node node : graph.nodes()) {
      DeviceDispatch.emit(node, tasks);
    }
    return tasks.tasks();
  }

  @Override
  public Graph graph() {
    return graph;
  }

  @Override
  public void run() {
    backend.run(this);
  }

  /** The plan of one slab, which the device's typed arrays can only come close to. */
  @Override
  public MemoryPlan memoryPlan() {
    return memoryPlan;
  }

  /** Bytes of the arrays that the transients share. */
  public long transientBytes() {
    return slots.peakBytes();
  }

  /** All zeros: TornadoVM's own profiler times tasks. */
  @Override
  public long[] nodeNanos() {
    return new long[graph.nodes().size()];
  }
}
