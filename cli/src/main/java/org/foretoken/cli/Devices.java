package org.foretoken.cli;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.device.DeviceBackend;
import org.foretoken.kernels.device.DeviceException;
import org.foretoken.kernels.device.GemmRoad;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.kernels.reference.ReferenceBackend;

/**
 * The places that graphs run in, by the names of {@code --device}. Every command opens its device
 * here; no device ever stands in for another.
 */
public final class Devices {
  /** The device where none is asked for. */
  static final String DEFAULT = "host";

  /** What {@code --device} takes. */
  public static final List<String> NAMES = List.of("host", "reference", "emulator", "gpu");

  /** Description of {@code --device} on every help page. */
  static final String HELP =
      "Where to run: host (default), reference, emulator, gpu (needs TORNADOVM_HOME).";

  /**
   * A device as {@code foretoken devices} shows it.
   *
   * @param device name for {@code --device}
   * @param available whether it can be opened in this process
   * @param description what it is, or why it is not there and what to do
   */
  record Status(String device, boolean available, String description) {}

  private Devices() {}

  /**
   * Opens a device.
   *
   * @throws InputException for an unknown name, or a device that this process does not have
   */
  public static Backend open(String name) {
    return open(name, false);
  }

  /**
   * Opens a device.
   *
   * @param trace whether it times single operations, where it can
   * @throws InputException for an unknown name, or a device that this process does not have
   */
  public static Backend open(String name, boolean trace) {
    return open(name, trace, GemmRoad.AUTO);
  }

  /**
   * Opens a device.
   *
   * @param trace whether it times single operations, where it can
   * @param gemm what carries out matrix products on a GPU
   * @throws InputException for an unknown name, or what this process does not have
   */
  public static Backend open(String name, boolean trace, GemmRoad gemm) {
    return open(name, trace, gemm, false);
  }

  /**
   * Opens a device.
   *
   * @param trace whether it times single operations, where it can
   * @param gemm what carries out matrix products on a GPU
   * @param cudaGraph whether launches are captured and replayed as a CUDA graph
   * @throws InputException for an unknown name, or what this process does not have
   */
  public static Backend open(String name, boolean trace, GemmRoad gemm, boolean cudaGraph) {
    if (gemm != GemmRoad.AUTO && gemm != GemmRoad.JIT && !name.equals("gpu")) {
      throw new InputException(
          "--gemm " + gemm.optionName() + ": expected --device gpu, found " + name);
    }
    if (cudaGraph && !name.equals("gpu") && !name.equals("emulator")) {
      throw new InputException("--cuda-graph: expected --device gpu or emulator, found " + name);
    }
    return switch (name) {
      case "host" -> new HostBackend(HostPool.shared(), trace);
      case "reference" -> new ReferenceBackend();
      case "emulator", "gpu" -> device(name, gemm, cudaGraph);
      default ->
          throw new InputException(
              "--device: expected one of "
                  + String.join(", ", NAMES)
                  + ", found '"
                  + name
                  + "'"
                  + DidYouMean.hint(name, NAMES));
    };
  }

  /** What the check of kernels is about where nothing else is said. */
  static String kernelDevice() {
    return Boolean.getBoolean("foretoken.sdk") ? "gpu" : "emulator";
  }

  private static Backend device(String name, GemmRoad gemm, boolean cudaGraph) {
    String sdk = System.getenv("TORNADOVM_HOME");
    boolean loaded = Boolean.getBoolean("foretoken.sdk");
    if (name.equals("gpu") && !loaded) {
      throw new InputException(
          "--device: gpu needs a TornadoVM SDK, found "
              + (sdk == null || sdk.isBlank()
                  ? "none; set TORNADOVM_HOME to a TornadoVM 5.2.0-jdk25 SDK, or use host or"
                      + " emulator"
                  : "one in TORNADOVM_HOME that this process was started without; start with the"
                      + " launcher ./foretoken, and see 'foretoken doctor'"));
    }
    if (name.equals("emulator") && loaded) {
      throw new InputException(
          "--device: emulator and gpu cannot be in one process, since TornadoVM's classes take the"
              + " emulator's place; compare each with host");
    }
    try {
      return DeviceBackend.open(name, gemm, cudaGraph);
    } catch (DeviceException e) {
      throw new InputException("--device: " + e.getMessage(), e);
    }
  }

  /** Every device, opened and closed again. */
  static List<Status> statuses() {
    List<Status> statuses = new ArrayList<>();
    for (String name : NAMES) {
      try (Backend backend = open(name)) {
        statuses.add(new Status(name, true, backend.description()));
      } catch (InputException | DeviceException e) {
        statuses.add(new Status(name, false, e.getMessage()));
      }
    }
    return statuses;
  }
}
