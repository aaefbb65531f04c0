package uk.ac.manchester.tornado.runtime.library.spi;

import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;

/** The arguments of one library task, resolved to device memory. */
public final class LibraryInvocation {
  private final Object[] javaArgs;
  private final long[] devicePointers;
  private final boolean[] isReference;
  private final TornadoXPUDevice device;
  private final long executionPlanId;
  private final LibraryContext context;
  private final Object tuning;

  /** An invocation; arrays are in the order of the task's parameters. */
  public LibraryInvocation(
      Object[] javaArgs,
      long[] devicePointers,
      boolean[] isReference,
      TornadoXPUDevice device,
      long executionPlanId,
      LibraryContext context,
      Object tuning) {
    this.javaArgs = javaArgs;
    this.devicePointers = devicePointers;
    this.isReference = isReference;
    this.device = device;
    this.executionPlanId = executionPlanId;
    this.context = context;
    this.tuning = tuning;
  }

  /** Number of arguments. */
  public int getNumArgs() {
    return javaArgs.length;
  }

  /** The argument as the program gave it: the host's array, or a boxed scalar. */
  public Object getArg(int index) {
    return javaArgs[index];
  }

  /** Address of the first element on the device, behind the array's header. */
  public long getDevicePointer(int index) {
    return devicePointers[index];
  }

  /** Whether the argument is an array. */
  public boolean isReference(int index) {
    return isReference[index];
  }

  /** The device. */
  public TornadoXPUDevice getDevice() {
    return device;
  }

  /** The execution plan. */
  public long getExecutionPlanId() {
    return executionPlanId;
  }

  /** What the provider's {@code createContext} returned. */
  public LibraryContext getContext() {
    return context;
  }

  /** The descriptor's tuning, or null. */
  public Object getTuning() {
    return tuning;
  }
}
