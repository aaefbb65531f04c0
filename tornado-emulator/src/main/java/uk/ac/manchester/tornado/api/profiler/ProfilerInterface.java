package uk.ac.manchester.tornado.api.profiler;

/** What can be measured; times in nanoseconds. */
public interface ProfilerInterface {
  /** End to end. */
  long getTotalTime();

  /** All compilation. */
  long getCompileTime();

  /** From Java bytecode to device source. */
  long getTornadoCompilerTime();

  /** From device source to device code. */
  long getDriverInstallTime();

  /** Copies in both directions. */
  long getDataTransfersTime();

  /** Copies to the device. */
  long getDeviceWriteTime();

  /** Copies to the host. */
  long getDeviceReadTime();

  /** Dispatch of copies. */
  long getDataTransferDispatchTime();

  /** Dispatch of kernels. */
  long getKernelDispatchTime();

  /** Kernels. */
  long getDeviceKernelTime();

  /** The measurements as JSON. */
  String getProfileLog();

  /** Bytes copied to the device. */
  long getTotalBytesCopyIn();

  /** Bytes copied to the host. */
  long getTotalBytesCopyOut();

  /** Bytes copied in both directions. */
  long getTotalBytesTransferred();

  /** Bytes held on the device. */
  long getTotalDeviceMemoryUsage();
}
