package org.foretoken.emulator;

import org.foretoken.emulator.exec.DeviceLimits;
import uk.ac.manchester.tornado.api.TornadoTargetDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;

/** The emulator as a device: the limits that it enforces. */
final class EmulatedDevice implements TornadoXPUDevice, TornadoTargetDevice {
  @Override
  public String getDeviceName() {
    return "Foretoken emulator";
  }

  @Override
  public String getDescription() {
    return "Foretoken emulator on Java " + Runtime.version();
  }

  @Override
  public String getPlatformName() {
    return "JVM";
  }

  @Override
  public TornadoTargetDevice getPhysicalDevice() {
    return this;
  }

  @Override
  public TornadoDeviceType getDeviceType() {
    return TornadoDeviceType.CPU;
  }

  @Override
  public long getMaxAllocMemory() {
    return Integer.MAX_VALUE;
  }

  @Override
  public long getMaxGlobalMemory() {
    return Runtime.getRuntime().maxMemory();
  }

  @Override
  public long getDeviceLocalMemorySize() {
    return DeviceLimits.LOCAL_MEMORY_BYTES;
  }

  @Override
  public long[] getDeviceMaxWorkgroupDimensions() {
    return getDeviceMaxWorkItemSizes();
  }

  @Override
  public String getDeviceOpenCLCVersion() {
    return "none";
  }

  @Override
  public int getBackendIndex() {
    return 0;
  }

  @Override
  public TornadoVMBackendType getTornadoVMBackend() {
    return TornadoVMBackendType.VIRTUAL;
  }

  @Override
  public boolean isSPIRVSupported() {
    return false;
  }

  @Override
  public long getDeviceGlobalMemorySize() {
    return getMaxGlobalMemory();
  }

  @Override
  public int getDeviceMaxComputeUnits() {
    return 1;
  }

  @Override
  public long[] getDeviceMaxWorkItemSizes() {
    long most = DeviceLimits.GROUP_ITEMS;
    return new long[] {most, most, most};
  }

  @Override
  public long[] getDeviceMaxWorkGroupSize() {
    return new long[] {DeviceLimits.GROUP_ITEMS};
  }

  @Override
  public int getMaxThreadsPerBlock() {
    return DeviceLimits.GROUP_ITEMS;
  }

  @Override
  public int getDeviceMaxClockFrequency() {
    return 0;
  }

  @Override
  public long getDeviceMaxConstantBufferSize() {
    return 0;
  }

  @Override
  public long getDeviceMaxAllocationSize() {
    return getMaxAllocMemory();
  }

  @Override
  public String getDeviceInfo() {
    return getDescription();
  }
}
