package uk.ac.manchester.tornado.api;

import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** All backends and devices, to choose from. */
public class TornadoDeviceMap {
  private final TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();

  /** The backends of this JVM. */
  public TornadoDeviceMap() {}

  /** The number of backends. */
  public int getNumBackends() {
    return runtime.getNumBackends();
  }

  /** All backends. */
  public List<TornadoBackend> getAllBackends() {
    return IntStream.range(0, getNumBackends()).mapToObj(runtime::getBackend).toList();
  }

  /** The backends that satisfy a condition. */
  public List<TornadoBackend> getBackendsWithPredicate(
      Predicate<? super TornadoBackend> predicate) {
    return getAllBackends().stream().filter(predicate).toList();
  }

  /** The backends with a device that satisfies a condition. */
  public List<TornadoBackend> getBackendsWithDevicePredicate(
      Predicate<? super TornadoDevice> predicate) {
    return getBackendsWithPredicate(b -> b.getAllDevices().stream().anyMatch(predicate));
  }

  /** The devices whose name has this part, in any case. */
  public Stream<TornadoDevice> getDevicesByName(String name) {
    return devices()
        .filter(
            d ->
                d.getDeviceName().toLowerCase(Locale.ROOT).contains(name.toLowerCase(Locale.ROOT)));
  }

  /** The devices of a kind. */
  public Stream<TornadoDevice> getDevicesByType(TornadoDeviceType type) {
    return devices().filter(d -> d.getDeviceType() == type);
  }

  private Stream<TornadoDevice> devices() {
    return getAllBackends().stream().flatMap(b -> b.getAllDevices().stream());
  }
}
