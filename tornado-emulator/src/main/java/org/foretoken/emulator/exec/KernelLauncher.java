package org.foretoken.emulator.exec;

import java.util.List;
import java.util.stream.IntStream;
import org.foretoken.emulator.Emulator;
import org.foretoken.emulator.code.KernelCode;
import org.foretoken.emulator.graph.GraphDefinition;
import org.foretoken.emulator.graph.TaskDefinition;
import org.foretoken.emulator.lint.Finding;
import org.foretoken.emulator.lint.KernelLint;
import org.foretoken.emulator.sanitizer.InstrumentedKernel;
import org.foretoken.emulator.sanitizer.Probe;
import org.foretoken.emulator.sanitizer.Sanitizer;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoTaskRuntimeException;

/** Runs one task on device memory. */
final class KernelLauncher {
  private static final int NO_CONTEXT = -1;

  private final TaskDefinition task;
  private final Kernel kernel;
  private final int context;
  private final NdRange range;
  private final boolean fused = Emulator.fuses();

  /** Checks all that can be checked before anything runs. */
  KernelLauncher(TaskDefinition task, WorkerGrid grid) {
    this.task = task;
    kernel = Kernel.of(task);
    context = contextIndex(task);
    range = context == NO_CONTEXT ? null : NdRange.of(task.name(), grid);
    requireArguments();
    if (Emulator.lints()) {
      requireClean();
    }
  }

  /** Runs the task, watched unless {@code sanitizer} is null or the method is the API's own. */
  void launch(DeviceMemory memory, Sanitizer sanitizer) {
    Object[] arguments = new Object[task.arguments().size()];
    for (int i = 0; i < arguments.length; i++) {
      Object argument = task.arguments().get(i);
      arguments[i] = DeviceBuffer.accepts(argument) ? memory.allocate(argument).device() : argument;
    }
    if (sanitizer == null || !KernelCode.isProgram(kernel.code().root().owner())) {
      if (fused) {
        Probe.alone(() -> runPlain(arguments));
      } else {
        runPlain(arguments);
      }
      task.arguments().stream()
          .filter(DeviceBuffer::accepts)
          .forEach(argument -> memory.allocate(argument).defineAll());
    } else {
      Probe.watch(sanitizer, () -> runWatched(arguments, memory, sanitizer));
    }
  }

  /** Whether the first task that has an array does nothing but write it, see {@link KernelCode}. */
  static boolean firstTaskOnlyWrites(GraphDefinition graph, Object array) {
    for (TaskDefinition task : graph.tasks()) {
      List<Object> arguments = task.arguments();
      boolean found = false;
      boolean onlyWritten = true;
      for (int i = 0; i < arguments.size(); i++) {
        if (arguments.get(i) == array) {
          found = true;
          onlyWritten &=
              task.library() == null
                  ? Kernel.of(task).code().onlyWrittenParameters().contains(i)
                  : task.library().getAccess()[i] == Access.WRITE_ONLY;
        }
      }
      if (found) {
        return onlyWritten;
      }
    }
    return false;
  }

  private void runPlain(Object[] arguments) {
    if (context == NO_CONTEXT) {
      runLoops(() -> kernel.plainBody(fused).run(arguments));
    } else {
      runGroups(kernel.plainBody(fused), arguments, AccessObserver.NONE);
    }
  }

  private void runWatched(Object[] arguments, DeviceMemory memory, Sanitizer sanitizer) {
    InstrumentedKernel instrumented = kernel.instrumented(true, fused);
    sanitizer.begin(kernel.name(task));
    for (int i = 0; i < arguments.length; i++) {
      Object argument = task.arguments().get(i);
      if (DeviceBuffer.accepts(argument)) {
        boolean shared = kernel.code().writtenParameters().contains(i) && !kernel.isReduced(i);
        sanitizer.track(memory.allocate(argument), kernel.parameter(i), shared);
      }
    }
    if (context == NO_CONTEXT) {
      runLoops(() -> instrumented.runLoops(sanitizer, arguments));
    } else {
      runGroups(instrumented.body(), arguments, sanitizer);
    }
  }

  private void runLoops(Runnable loops) {
    try {
      loops.run();
    } catch (TornadoRuntimeException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new KernelFault(kernel.name(task), "a parallel loop", e);
    }
  }

  /**
   * Runs all groups: in order under the sanitizer and where the order of atomic additions shows in
   * FP32 sums, else in a few threads, which nothing but a race could tell apart.
   */
  private void runGroups(KernelBody body, Object[] arguments, AccessObserver observer) {
    int groups = range.groups();
    int threads = Math.min(groups, Runtime.getRuntime().availableProcessors());
    boolean ordered = observer != AccessObserver.NONE || fused || kernel.code().usesAtomics();
    if (ordered || threads == 1) {
      runGroups(body, arguments, observer, 0, groups);
      return;
    }
    RuntimeException[] failures = new RuntimeException[threads];
    IntStream.range(0, threads)
        .parallel()
        .forEach(
            t -> {
              int from = (int) ((long) groups * t / threads);
              int to = (int) ((long) groups * (t + 1) / threads);
              try {
                runGroups(body, arguments.clone(), observer, from, to);
              } catch (RuntimeException e) {
                failures[t] = e;
              }
            });
    for (RuntimeException failure : failures) {
      if (failure != null) {
        throw failure;
      }
    }
  }

  private void runGroups(
      KernelBody body, Object[] arguments, AccessObserver observer, int from, int to) {
    WorkGroup group = new WorkGroup(kernel.name(task), range, observer, kernel.code().waits());
    for (int i = from; i < to; i++) {
      int x = i % range.groups(0);
      int y = i / range.groups(0) % range.groups(1);
      group.run(x, y, i / (range.groups(0) * range.groups(1)), body, arguments, context);
    }
  }

  private void requireArguments() {
    for (int i = 0; i < task.arguments().size(); i++) {
      Object argument = task.arguments().get(i);
      if (!DeviceBuffer.accepts(argument)
          && i != context
          && !(argument instanceof Number)
          && !(argument instanceof Boolean)
          && !(argument instanceof Character)) {
        throw new TornadoTaskRuntimeException(
            "task "
                + task.name()
                + ": expected an array, a scalar or a KernelContext for parameter "
                + kernel.parameter(i)
                + ", found "
                + argument.getClass().getName());
      }
    }
  }

  private void requireClean() {
    for (Finding finding : KernelLint.check(kernel.code())) {
      if (finding.severity() == Finding.Severity.ERROR) {
        throw new TornadoBailoutRuntimeException("task " + task.name() + ": " + finding);
      }
    }
  }

  private static int contextIndex(TaskDefinition task) {
    List<Object> arguments = task.arguments();
    int found = NO_CONTEXT;
    for (int i = 0; i < arguments.size(); i++) {
      if (arguments.get(i) instanceof KernelContext) {
        if (found != NO_CONTEXT) {
          throw new TornadoTaskRuntimeException(
              "task " + task.name() + ": expected at most one KernelContext, found two");
        }
        found = i;
      }
    }
    return found;
  }
}
