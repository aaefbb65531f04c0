package uk.ac.manchester.tornado.runtime.library.spi;

import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;

/** A native library that carries out tasks; found by {@link java.util.ServiceLoader}. */
public interface TornadoLibraryProvider {
  /** The name that descriptors ask for. */
  String libraryName();

  /** Whether it runs on the device. */
  boolean canHandle(TornadoXPUDevice device);

  /** Opens the library for a device and an execution plan. */
  LibraryContext createContext(TornadoXPUDevice device, long executionPlanId);

  /** Makes ready what a later {@link #dispatch} must not allocate; called before every launch. */
  default void prepare(LibraryTaskDescriptor descriptor, LibraryContext context) {}

  /** Puts the function on the device's stream. */
  void dispatch(String functionName, LibraryInvocation invocation);

  /** Closes what {@link #createContext} opened. */
  void destroyContext(LibraryContext context);
}
