package org.foretoken.kernels.device;

import java.util.List;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * One kernel launch of a graph.
 *
 * @param kernel name of the kernel's method
 * @param node index of the node it belongs to
 * @param label the node's label
 * @param grid work items and group size; null for a kernel of parallel loops
 * @param arrays every array it touches
 * @param code adds it to a task graph
 */
record DeviceTask(
    String kernel,
    int node,
    String label,
    WorkerGrid grid,
    List<TornadoNativeArray> arrays,
    Code code) {
  /** Adds a task with the given id to a task graph. */
  @FunctionalInterface
  interface Code {
    /** Calls {@code graph.task(id, ...)}. */
    void addTo(TaskGraph graph, String id);
  }
}
