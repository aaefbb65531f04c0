package uk.ac.manchester.tornado.api;

/** The hardware behind a device. */
public interface TornadoTargetDevice {
  /** Its name. */
  String getDeviceName();

  /** Bytes of global memory. */
  long getDeviceGlobalMemorySize();

  /** Bytes of local memory. */
  long getDeviceLocalMemorySize();

  /** Units that run groups at the same time. */
  int getDeviceMaxComputeUnits();

  /** Largest group along x, y and z. */
  long[] getDeviceMaxWorkItemSizes();

  /** Most work items of a group. */
  long[] getDeviceMaxWorkGroupSize();

  /** Most work items of a group. */
  int getMaxThreadsPerBlock();

  /** Clock in MHz, or 0. */
  int getDeviceMaxClockFrequency();

  /** Bytes of constant memory. */
  long getDeviceMaxConstantBufferSize();

  /** Bytes that one array may have. */
  long getDeviceMaxAllocationSize();

  /** All of it in words. */
  String getDeviceInfo();
}
