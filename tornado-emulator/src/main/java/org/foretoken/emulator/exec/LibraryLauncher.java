package org.foretoken.emulator.exec;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceLoader;
import org.foretoken.emulator.graph.TaskDefinition;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.api.exceptions.TornadoRuntimeException;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryContext;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryInvocation;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoLibraryProvider;

/**
 * Runs the library tasks of one plan. Providers see the emulator's device: one for a GPU declines,
 * and one that is written against {@link LibraryInvocation} alone finds its arguments in the host's
 * own off-heap memory.
 */
final class LibraryLauncher {
  private static final long PLAN = 0;

  private final Map<TornadoLibraryProvider, LibraryContext> contexts = new LinkedHashMap<>();

  /** Finds the provider of a library task. */
  TornadoLibraryProvider require(TaskDefinition task) {
    String library = task.library().getLibraryName();
    boolean known = false;
    for (TornadoLibraryProvider provider : ServiceLoader.load(TornadoLibraryProvider.class)) {
      if (provider.libraryName().equals(library)) {
        known = true;
        if (provider.canHandle(device())) {
          return provider;
        }
      }
    }
    throw new TornadoRuntimeException(
        "task "
            + task.name()
            + (known
                ? ": library '" + library + "' does not run on " + device().getDescription()
                : ": expected a provider of library '" + library + "', found none"));
  }

  /** Runs one task. */
  void launch(TaskDefinition task, DeviceMemory memory) {
    TornadoLibraryProvider found = require(task);
    TornadoLibraryProvider provider =
        contexts.keySet().stream()
            .filter(p -> p.getClass() == found.getClass())
            .findFirst()
            .orElse(found);
    LibraryContext context =
        contexts.computeIfAbsent(provider, p -> p.createContext(device(), PLAN));
    LibraryTaskDescriptor descriptor = task.library();
    provider.prepare(descriptor, context);
    int count = task.arguments().size();
    long[] pointers = new long[count];
    boolean[] reference = new boolean[count];
    for (int i = 0; i < count; i++) {
      Object argument = task.arguments().get(i);
      if (DeviceBuffer.accepts(argument)) {
        reference[i] = true;
        pointers[i] = address(task, i, memory.allocate(argument));
      }
    }
    provider.dispatch(
        descriptor.getFunctionName(),
        new LibraryInvocation(
            task.arguments().toArray(),
            pointers,
            reference,
            device(),
            PLAN,
            context,
            descriptor.getTuning()));
    for (int i = 0; i < count; i++) {
      if (reference[i] && descriptor.getAccess()[i] != Access.READ_ONLY) {
        memory.allocate(task.arguments().get(i)).defineAll();
      }
    }
  }

  /** Closes the libraries. */
  void close() {
    contexts.forEach(TornadoLibraryProvider::destroyContext);
    contexts.clear();
  }

  private static long address(TaskDefinition task, int index, DeviceBuffer buffer) {
    MemorySegment segment = buffer.segment();
    if (!segment.isNative()) {
      throw new TornadoRuntimeException(
          "task "
              + task.name()
              + ", argument "
              + index
              + ": library tasks take the arrays of uk.ac.manchester.tornado.api.types.arrays, found "
              + buffer.host().getClass().getSimpleName());
    }
    return segment.address();
  }

  private static TornadoXPUDevice device() {
    return (TornadoXPUDevice) TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice();
  }
}
