package org.foretoken.cli;

import java.util.List;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.host.HostBackend;
import org.foretoken.kernels.reference.ReferenceBackend;

/** The places that graphs run in, by the names of {@code --device}. */
final class Devices {
  /** The device where none is asked for. */
  static final String DEFAULT = "host";

  /** What {@code --device} takes. */
  static final List<String> NAMES = List.of("host", "reference");

  private Devices() {}

  /**
   * Opens a device.
   *
   * @throws InputException for an unknown name
   */
  static Backend open(String name) {
    return switch (name) {
      case "host" -> new HostBackend();
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
}
