package uk.ac.manchester.tornado.api;

import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** A code generator with its devices. */
public interface TornadoBackend {
  /** The device that is used unless told otherwise. */
  TornadoDevice getDefaultDevice();

  /** Changes the default device. */
  void setDefaultDevice(int index);

  /** The number of devices. */
  int getNumDevices();

  /** A device by its index. */
  TornadoDevice getDevice(int index);

  /** All devices. */
  List<TornadoDevice> getAllDevices();

  /** The kind of the default device. */
  TornadoDeviceType getTypeDefaultDevice();

  /** Its name. */
  String getName();

  /** The number of drivers behind it. */
  int getNumPlatforms();

  /** Its kind. */
  TornadoVMBackendType getBackendType();
}
