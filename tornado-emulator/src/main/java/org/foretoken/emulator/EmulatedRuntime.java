package org.foretoken.emulator;

import java.util.List;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoBackendNotFound;
import uk.ac.manchester.tornado.api.exceptions.TornadoDeviceNotFound;

/** One backend with one device: this JVM. */
public enum EmulatedRuntime implements TornadoRuntime, TornadoBackend {
  /** The only one. */
  INSTANCE;

  private final TornadoDevice device = new EmulatedDevice();

  @Override
  public TornadoBackend getBackend(int index) {
    if (index != 0) {
      throw new TornadoBackendNotFound("backend: expected index 0, found " + index);
    }
    return this;
  }

  @Override
  public void setDefaultBackend(int index) {
    getBackend(index);
  }

  @Override
  public TornadoVMBackendType getBackendType(int index) {
    return getBackend(index).getBackendType();
  }

  @Override
  public int getNumBackends() {
    return 1;
  }

  @Override
  public TornadoDevice getDefaultDevice() {
    return device;
  }

  @Override
  public boolean isProfilerEnabled() {
    return false;
  }

  @Override
  public boolean isPowerMonitoringEnabled() {
    return false;
  }

  @Override
  public long getPowerMetric() {
    return 0;
  }

  @Override
  public void setDefaultDevice(int index) {
    getDevice(index);
  }

  @Override
  public int getNumDevices() {
    return 1;
  }

  @Override
  public TornadoDevice getDevice(int index) {
    if (index != 0) {
      throw new TornadoDeviceNotFound("device: expected index 0, found " + index);
    }
    return device;
  }

  @Override
  public List<TornadoDevice> getAllDevices() {
    return List.of(device);
  }

  @Override
  public TornadoDeviceType getTypeDefaultDevice() {
    return device.getDeviceType();
  }

  @Override
  public String getName() {
    return "emulator";
  }

  @Override
  public int getNumPlatforms() {
    return 1;
  }

  @Override
  public TornadoVMBackendType getBackendType() {
    return TornadoVMBackendType.VIRTUAL;
  }
}
