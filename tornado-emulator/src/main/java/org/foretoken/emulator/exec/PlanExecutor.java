package org.foretoken.emulator.exec;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.foretoken.emulator.Emulator;
import org.foretoken.emulator.graph.Consumed;
import org.foretoken.emulator.graph.GraphDefinition;
import org.foretoken.emulator.graph.TaskDefinition;
import org.foretoken.emulator.graph.Transfer;
import org.foretoken.emulator.sanitizer.Sanitizer;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;

/** Executes the graphs of one plan, each with its own device memory. */
public final class PlanExecutor {
  private final List<GraphDefinition> graphs;
  private final List<DeviceMemory> memories;
  private final Sanitizer sanitizer = Emulator.sanitizes() ? new Sanitizer() : null;
  private final LibraryLauncher libraries = new LibraryLauncher();
  private GridScheduler grids = new GridScheduler();
  private int selected = -1;
  private DeviceMemory lastExecuted;
  private long limitBytes = Long.MAX_VALUE;
  private boolean closed;

  /** A plan over these graphs, in this order. */
  public PlanExecutor(List<GraphDefinition> graphs) {
    if (graphs.isEmpty()) {
      throw new TornadoRuntimeException(
          "execution plan: expected at least one task graph, found none");
    }
    this.graphs = List.copyOf(graphs);
    this.memories = graphs.stream().map(DeviceMemory::new).toList();
  }

  /** Selects one graph. */
  public void select(int graph) {
    if (graph < 0 || graph >= graphs.size()) {
      throw new TornadoRuntimeException(
          "execution plan: expected a graph index below " + graphs.size() + ", found " + graph);
    }
    selected = graph;
  }

  /** Selects all graphs. */
  public void selectAll() {
    selected = -1;
  }

  /** Sets the worker grids; each must name a task of this plan. */
  public void grids(GridScheduler scheduler) {
    List<String> names =
        graphs.stream().flatMap(g -> g.tasks().stream()).map(TaskDefinition::name).toList();
    for (String key : scheduler.keySet()) {
      if (!names.contains(key)) {
        throw new TornadoRuntimeException(
            "grid scheduler: expected one of the tasks " + names + ", found " + key);
      }
    }
    grids = scheduler;
  }

  /** Refuses to hold more on the device than this, such as "512MB"; null lifts the limit. */
  public void memoryLimit(String limit) {
    limitBytes = limit == null ? Long.MAX_VALUE : DeviceLimits.parseBytes(limit);
  }

  /** Runs the selected graphs once. */
  public ExecutionRecord execute() {
    if (closed) {
      throw new TornadoRuntimeException(
          "execution plan: expected an open plan, found a closed one");
    }
    ExecutionRecord record = new ExecutionRecord();
    long start = System.nanoTime();
    for (int i : selection()) {
      executeGraph(graphs.get(i), memories.get(i), record);
      lastExecuted = memories.get(i);
    }
    record.totalNanos = System.nanoTime() - start;
    record.deviceBytes = deviceBytes();
    return record;
  }

  /** Prepares every kernel without running any. */
  public void compile() {
    for (int i : selection()) {
      for (TaskDefinition task : graphs.get(i).tasks()) {
        if (task.library() == null) {
          new KernelLauncher(task, grids.get(task.name()));
        } else {
          libraries.require(task);
        }
      }
    }
  }

  /** Copies an array to the host because the program asks for it. */
  public void transferToHost(Object host) {
    holders(host).forEach(memory -> memory.require(host, "transferToHost").copyOut());
  }

  /** Copies a range of an array's bytes to the host because the program asks for it. */
  public void transferToHost(Object host, long byteOffset, long byteSize) {
    holders(host)
        .forEach(memory -> memory.require(host, "transferToHost").copyOut(byteOffset, byteSize));
  }

  /** Forgets everything on the device; first-execution data is copied again. */
  public void free() {
    memories.forEach(DeviceMemory::free);
    if (sanitizer != null) {
      sanitizer.forget();
    }
    lastExecuted = null;
  }

  /** Ends the plan. */
  public void close() {
    free();
    libraries.close();
    closed = true;
  }

  /** Bytes that the plan holds on the device. */
  public long deviceBytes() {
    Set<DeviceBuffer> buffers = Collections.newSetFromMap(new IdentityHashMap<>());
    memories.forEach(memory -> buffers.addAll(memory.buffers()));
    return buffers.stream().mapToLong(DeviceBuffer::bytes).sum();
  }

  private void executeGraph(GraphDefinition graph, DeviceMemory memory, ExecutionRecord record) {
    long start = System.nanoTime();
    for (Consumed consumed : graph.consumed()) {
      memory.share(produced(graph, consumed));
    }
    for (Transfer transfer : graph.toDevice()) {
      DeviceBuffer buffer = memory.allocate(transfer.object());
      boolean due = transfer.mode() == DataTransferMode.EVERY_EXECUTION || !buffer.copiedIn();
      if (memory.leavesOut(transfer.object())) {
        buffer.leaveOut();
      } else if (due) {
        record.bytesIn += buffer.copyIn();
      }
    }
    long copiedIn = System.nanoTime();
    for (TaskDefinition task : graph.tasks()) {
      requireRoom(graph);
      if (task.library() == null) {
        new KernelLauncher(task, grids.get(task.name())).launch(memory, sanitizer);
      } else {
        libraries.launch(task, memory);
      }
    }
    long executed = System.nanoTime();
    for (Transfer transfer : graph.toHost()) {
      DeviceBuffer buffer = memory.require(transfer.object(), "transferToHost");
      if (transfer.mode() == DataTransferMode.EVERY_EXECUTION) {
        record.bytesOut += buffer.copyOut();
      }
    }
    record.writeNanos += copiedIn - start;
    record.kernelNanos += executed - copiedIn;
    record.readNanos += System.nanoTime() - executed;
  }

  private void requireRoom(GraphDefinition graph) {
    if (limitBytes < Long.MAX_VALUE && deviceBytes() > limitBytes) {
      throw new TornadoOutOfMemoryException(
          "graph "
              + graph.name()
              + ": expected at most "
              + limitBytes
              + " bytes on the device (withMemoryLimit), found "
              + deviceBytes());
    }
  }

  private DeviceBuffer produced(GraphDefinition consumer, Consumed consumed) {
    DeviceMemory source = lastExecuted;
    if (consumed.graph() != null) {
      source =
          IntStream.range(0, graphs.size())
              .filter(i -> graphs.get(i).name().equals(consumed.graph()))
              .mapToObj(memories::get)
              .findFirst()
              .orElse(null);
    }
    String what = DeviceMemory.describe(consumer, consumed.object());
    if (source == null) {
      throw new TornadoRuntimeException(
          "graph "
              + consumer.name()
              + ", consumeFromDevice: expected "
              + (consumed.graph() == null ? "a graph" : "graph " + consumed.graph())
              + " executed before it in the same plan, found none, for "
              + what);
    }
    if (!source.graph().persists(consumed.object()) || !source.holds(consumed.object())) {
      throw new TornadoRuntimeException(
          "graph "
              + consumer.name()
              + ", consumeFromDevice: expected data that graph "
              + source.graph().name()
              + " has left on the device, found "
              + what
              + "; name it in that graph's persistOnDevice and execute that graph first");
    }
    return source.require(consumed.object(), "consumeFromDevice");
  }

  private List<Integer> selection() {
    return selected >= 0 ? List.of(selected) : IntStream.range(0, graphs.size()).boxed().toList();
  }

  private List<DeviceMemory> holders(Object host) {
    List<DeviceMemory> holders =
        selection().stream().map(memories::get).filter(memory -> memory.holds(host)).toList();
    if (holders.isEmpty()) {
      throw new TornadoRuntimeException(
          "transferToHost: expected an array that an executed graph of the plan has on the device, "
              + "found "
              + DeviceMemory.describe(graphs.getFirst(), host));
    }
    return holders;
  }
}
