package org.foretoken.cli;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.kernels.reference.ReferenceBackend;

/**
 * The places that graphs run in, by the names of {@code --device}. Every command opens its device
 * here; no device ever stands in for another.
 */
final class Devices {
  /** The device where none is asked for. */
  static final String DEFAULT = "host";

  /** What {@code --device} takes. */
  static final List<String> NAMES = List.of("host", "reference");

  /** Description of {@code --device} on every help page. */
  static final String HELP = "Where to run: host (default), reference.";

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
  static Backend open(String name) {
    return open(name, false);
  }

  /**
   * Opens a device.
   *
   * @param trace whether it times single operations, where it can
   * @throws InputException for an unknown name, or a device that this process does not have
   */
  static Backend open(String name, boolean trace) {
    return switch (name) {
      case "host" -> new HostBackend(HostPool.shared(), trace);
      case "reference" -> new ReferenceBackend();
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
    return "reference";
  }

  /** Every device, opened and closed again. */
  static List<Status> statuses() {
    List<Status> statuses = new ArrayList<>();
    for (String name : NAMES) {
      try (Backend backend = open(name)) {
        statuses.add(new Status(name, true, backend.description()));
      } catch (InputException e) {
        statuses.add(new Status(name, false, e.getMessage()));
      }
    }
    return statuses;
  }
}
