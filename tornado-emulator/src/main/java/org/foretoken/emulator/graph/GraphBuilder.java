package org.foretoken.emulator.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoTaskRuntimeException;

/** Collects what a task graph is told, and refuses what cannot work as soon as it is said. */
public final class GraphBuilder {
  private static final StackWalker CALLERS =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);

  private final String name;
  private final List<Transfer> toDevice = new ArrayList<>();
  private final List<Consumed> consumed = new ArrayList<>();
  private final List<TaskDefinition> tasks = new ArrayList<>();
  private final List<Transfer> toHost = new ArrayList<>();
  private final List<Object> persisted = new ArrayList<>();

  /** An empty graph. */
  public GraphBuilder(String name) {
    this.name = Objects.requireNonNull(name, "TaskGraph: expected a name, found null");
  }

  /** The graph's name. */
  public String name() {
    return name;
  }

  /** Adds a task. */
  public void task(String id, Object code, Object... arguments) {
    if (tasks.stream().anyMatch(t -> t.id().equals(id))) {
      throw new TornadoTaskRuntimeException(
          "graph " + name + ": expected a new task name, found a second task " + id);
    }
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i] == null) {
        throw new TornadoTaskRuntimeException(
            "task " + name + "." + id + ": expected a value for argument " + i + ", found null");
      }
    }
    StackWalker.StackFrame caller =
        CALLERS.walk(
            frames ->
                frames
                    .filter(f -> !f.getClassName().startsWith("uk.ac.manchester.tornado.api."))
                    .filter(f -> f.getDeclaringClass() != GraphBuilder.class)
                    .findFirst()
                    .orElseThrow());
    tasks.add(
        new TaskDefinition(
            name, id, code, Collections.unmodifiableList(List.of(arguments)), caller));
  }

  /** Adds a task of a native library. */
  public void libraryTask(String id, LibraryTaskDescriptor descriptor) {
    if (descriptor.getParameters().length != descriptor.getAccess().length) {
      throw new TornadoTaskRuntimeException(
          "task "
              + name
              + "."
              + id
              + ": expected an access for each of "
              + descriptor.getParameters().length
              + " parameters, found "
              + descriptor.getAccess().length);
    }
    task(id, descriptor, descriptor.getParameters());
  }

  /** Data that goes to the device before the tasks run. */
  public void transferToDevice(int mode, Object... objects) {
    if (mode != DataTransferMode.FIRST_EXECUTION && mode != DataTransferMode.EVERY_EXECUTION) {
      throw new TornadoRuntimeException(
          "graph "
              + name
              + ", transferToDevice: expected FIRST_EXECUTION (0) or EVERY_EXECUTION (1), found mode "
              + mode);
    }
    for (Object object : objects) {
      toDevice.add(new Transfer(requireData("transferToDevice", object), mode));
    }
  }

  /** Data that other graphs left on the device. */
  public void consumeFromDevice(String graph, Object... objects) {
    for (Object object : objects) {
      consumed.add(new Consumed(requireData("consumeFromDevice", object), graph));
    }
  }

  /** Data that goes to the host after the tasks have run. */
  public void transferToHost(int mode, Object... objects) {
    if (mode != DataTransferMode.EVERY_EXECUTION && mode != DataTransferMode.UNDER_DEMAND) {
      throw new TornadoRuntimeException(
          "graph "
              + name
              + ", transferToHost: expected EVERY_EXECUTION (1) or UNDER_DEMAND (2), found mode "
              + mode);
    }
    for (Object object : objects) {
      toHost.add(new Transfer(requireData("transferToHost", object), mode));
    }
  }

  /** Data that stays on the device for other graphs. */
  public void persistOnDevice(Object... objects) {
    for (Object object : objects) {
      persisted.add(requireData("persistOnDevice", object));
    }
  }

  /** Closes the definition. */
  public GraphDefinition build() {
    if (tasks.isEmpty()) {
      throw new TornadoRuntimeException(
          "graph " + name + ": expected at least one task, found no task");
    }
    return new GraphDefinition(
        name,
        List.copyOf(toDevice),
        List.copyOf(consumed),
        List.copyOf(tasks),
        List.copyOf(toHost),
        List.copyOf(persisted));
  }

  private Object requireData(String operation, Object object) {
    if (object == null) {
      throw new TornadoRuntimeException(
          "graph " + name + ", " + operation + ": expected an array, found null");
    }
    return object;
  }
}
