package org.foretoken.emulator.exec;

import java.util.List;
import org.foretoken.emulator.graph.TaskDefinition;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.exceptions.TornadoTaskRuntimeException;

/** Runs one task on device memory. */
final class KernelLauncher {
  private KernelLauncher() {}

  static void prepare(TaskDefinition task, WorkerGrid grid) {
    TaskBody.of(task.code());
    if (contextIndex(task) >= 0) {
      NdRange.of(task.name(), grid);
    }
  }

  static void launch(TaskDefinition task, WorkerGrid grid, DeviceMemory memory) {
    Object[] arguments = new Object[task.arguments().size()];
    for (int i = 0; i < arguments.length; i++) {
      Object argument = task.arguments().get(i);
      arguments[i] = DeviceBuffer.accepts(argument) ? memory.allocate(argument).device() : argument;
    }
    KernelBody body = TaskBody.of(task.code());
    int context = contextIndex(task);
    if (context < 0) {
      body.run(arguments);
      return;
    }
    NdRange range = NdRange.of(task.name(), grid);
    WorkGroup group = new WorkGroup(task.name(), range, AccessObserver.NONE, true);
    for (int z = 0; z < range.groups(2); z++) {
      for (int y = 0; y < range.groups(1); y++) {
        for (int x = 0; x < range.groups(0); x++) {
          group.run(x, y, z, body, arguments, context);
        }
      }
    }
  }

  private static int contextIndex(TaskDefinition task) {
    List<Object> arguments = task.arguments();
    int context = -1;
    for (int i = 0; i < arguments.size(); i++) {
      if (arguments.get(i) instanceof KernelContext) {
        if (context >= 0) {
          throw new TornadoTaskRuntimeException(
              "task " + task.name() + ": expected at most one KernelContext, found two");
        }
        context = i;
      }
    }
    return context;
  }
}
