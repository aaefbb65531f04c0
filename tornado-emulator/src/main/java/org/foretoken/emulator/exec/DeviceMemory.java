package org.foretoken.emulator.exec;

import java.util.Collection;
import java.util.IdentityHashMap;
import org.foretoken.emulator.graph.GraphDefinition;
import org.foretoken.emulator.graph.TaskDefinition;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

/** What one task graph has on the device, by identity of the host's arrays. */
public final class DeviceMemory {
  private final GraphDefinition graph;
  private final IdentityHashMap<Object, DeviceBuffer> buffers = new IdentityHashMap<>();
  private final IdentityHashMap<Object, Boolean> leftOut = new IdentityHashMap<>();

  GraphDefinition graph() {
    return graph;
  }

  DeviceMemory(GraphDefinition graph) {
    this.graph = graph;
  }

  /** The array's buffer, allocated without contents where there was none. */
  public DeviceBuffer allocate(Object host) {
    return buffers.computeIfAbsent(host, DeviceBuffer::new);
  }

  /** Whether TornadoVM leaves out the array's transfer to the device. */
  boolean leavesOut(Object host) {
    return leftOut.computeIfAbsent(host, h -> KernelLauncher.firstTaskOnlyWrites(graph, h));
  }

  /** The array's buffer, or an error that says who asked. */
  DeviceBuffer require(Object host, String operation) {
    DeviceBuffer buffer = buffers.get(host);
    if (buffer == null) {
      throw new TornadoRuntimeException(
          "graph "
              + graph.name()
              + ", "
              + operation
              + ": expected an array that is on the device, found "
              + describe(graph, host)
              + "; transfer it to the device or use it in a task");
    }
    return buffer;
  }

  boolean holds(Object host) {
    return buffers.containsKey(host);
  }

  void share(DeviceBuffer buffer) {
    buffers.put(buffer.host(), buffer);
  }

  void free() {
    buffers.clear();
  }

  Collection<DeviceBuffer> buffers() {
    return buffers.values();
  }

  /** An array in words: its kind and size, and the first task that has it as an argument. */
  public static String describe(GraphDefinition graph, Object host) {
    String kind =
        host.getClass().getSimpleName().replace("[]", "")
            + (DeviceBuffer.accepts(host) ? "[" + DeviceBuffer.sizeOf(host) + "]" : "");
    for (TaskDefinition task : graph.tasks()) {
      for (int i = 0; i < task.arguments().size(); i++) {
        if (task.arguments().get(i) == host) {
          return kind + " (argument " + i + " of task " + task.name() + ")";
        }
      }
    }
    return kind + " (no argument of any task of graph " + graph.name() + ")";
  }
}
