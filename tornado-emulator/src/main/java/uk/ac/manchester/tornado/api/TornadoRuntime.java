package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** The backends of this JVM. */
public interface TornadoRuntime {
  /** A backend by its index. */
  TornadoBackend getBackend(int index);

  /** Moves a backend to index 0. */
  void setDefaultBackend(int index);

  /** The kind of a backend. */
  TornadoVMBackendType getBackendType(int index);

  /** The number of backends. */
  int getNumBackends();

  /** The device that plans run on unless told otherwise. */
  TornadoDevice getDefaultDevice();

  /** Whether measuring is on for all plans. */
  boolean isProfilerEnabled();

  /** Whether power is measured. */
  boolean isPowerMonitoringEnabled();

  /** Power in milliwatts, or 0. */
  long getPowerMetric();
}
