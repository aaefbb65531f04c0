package org.foretoken.kernels.device;

import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/**
 * Whose TornadoVM classes are there. An SDK's are a named module on the module path and take
 * precedence over the emulator's, which lie on the class path.
 */
enum DeviceKind {
  /** The emulator: TornadoVM's API on the plain JVM. */
  EMULATOR("emulator"),
  /** A TornadoVM SDK with its driver. */
  GPU("gpu");

  static {
    // Read once by TornadoVM, when its runtime loads. By default it would run a kernel that it
    // cannot compile as sequential Java and report success, and give up on graphs of a few tasks.
    System.setProperty("tornado.recover.bailout", "False");
    if (System.getProperty("tornado.tvm.maxbytecodesize") == null) {
      System.setProperty("tornado.tvm.maxbytecodesize", Integer.toString(1 << 18));
    }
  }

  private final String deviceName;

  DeviceKind(String deviceName) {
    this.deviceName = deviceName;
  }

  /**
   * The kind that this JVM was started with.
   *
   * @throws DeviceException if there is TornadoVM's API without a runtime behind it
   */
  static DeviceKind detect() {
    if (TornadoExecutionPlan.class.getModule().isNamed()) {
      return GPU;
    }
    if (!isEmulated()) {
      throw new DeviceException(
          "device: expected the emulator or a TornadoVM SDK, found TornadoVM's API jar alone on the"
              + " class path; start through the launcher with TORNADOVM_HOME set, or without the jar");
    }
    return EMULATOR;
  }

  /**
   * Whether TornadoVM's API is the emulator's. Asked by name, so that the kernels also compile
   * without the emulator, against TornadoVM's own API (profile {@code tornadovm}).
   */
  private static boolean isEmulated() {
    try {
      Class<?> emulator = Class.forName("org.foretoken.emulator.Emulator");
      return (boolean) emulator.getMethod("isActive").invoke(null);
    } catch (ClassNotFoundException _) {
      return false;
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("Emulator.isActive", e);
    }
  }

  /** Name as given to {@code --device}. */
  String deviceName() {
    return deviceName;
  }

  /** Fails unless this kind is called {@code name}. */
  void require(String name) {
    if (deviceName.equals(name)) {
      return;
    }
    String wayOut =
        switch (this) {
          case EMULATOR -> "set TORNADOVM_HOME to a TornadoVM 5.2.0-jdk25 SDK and start again";
          case GPU -> "unset TORNADOVM_HOME and start again";
        };
    throw new DeviceException(
        "device: expected " + name + ", found the classes of " + deviceName + "; " + wayOut);
  }

  /** Whether the device has tensor cores that TornadoVM reaches with FP8 and BF16 operands. */
  boolean hasTensorCores() {
    return switch (this) {
      case EMULATOR -> true;
      case GPU ->
          TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice().getTornadoVMBackend()
              == TornadoVMBackendType.CUDA;
    };
  }

  /** One line about the device. */
  String description() {
    try {
      TornadoDevice device = TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice();
      return switch (this) {
        case EMULATOR -> "emulator: TornadoVM's API on the JVM, every access checked";
        case GPU ->
            "gpu: TornadoVM, "
                + device.getTornadoVMBackend()
                + ", "
                + device.getPhysicalDevice().getDeviceName();
      };
    } catch (RuntimeException e) {
      throw new DeviceException(
          "device: TornadoVM finds no device: "
              + e.getMessage()
              + "; check the driver and the SDK's backend",
          e);
    }
  }
}
