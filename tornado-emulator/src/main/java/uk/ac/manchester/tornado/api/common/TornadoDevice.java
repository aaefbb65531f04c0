package uk.ac.manchester.tornado.api.common;

import uk.ac.manchester.tornado.api.TornadoTargetDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** A device that tasks can run on. */
public interface TornadoDevice {
  /** Its name. */
  String getDeviceName();

  /** Its description in one line. */
  String getDescription();

  /** What drives it. */
  String getPlatformName();

  /** The hardware behind it. */
  TornadoTargetDevice getPhysicalDevice();

  /** Its kind. */
  TornadoDeviceType getDeviceType();

  /** Bytes that one array may have. */
  long getMaxAllocMemory();

  /** Bytes of global memory. */
  long getMaxGlobalMemory();

  /** Bytes of local memory that a group may have. */
  long getDeviceLocalMemorySize();

  /** Largest group along x, y and z. */
  long[] getDeviceMaxWorkgroupDimensions();

  /** The version of OpenCL C, where there is one. */
  String getDeviceOpenCLCVersion();

  /** Driver information. */
  Object getDeviceInfo();

  /** The index of its backend. */
  int getBackendIndex();

  /** Processors that the JVM may use. */
  default int getAvailableProcessors() {
    return Runtime.getRuntime().availableProcessors();
  }

  /** The kind of its backend. */
  TornadoVMBackendType getTornadoVMBackend();

  /** Whether it takes SPIR-V. */
  boolean isSPIRVSupported();
}
