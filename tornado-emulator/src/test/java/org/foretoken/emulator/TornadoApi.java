package org.foretoken.emulator;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * TornadoVM's own API jar, where there is one: at the path in the system property {@code
 * foretoken.tornado.api.jar}, or under {@code TORNADOVM_HOME}.
 */
final class TornadoApi {
  private TornadoApi() {}

  /** Its classes, apart from the emulator's; without the jar the calling test is skipped. */
  static URLClassLoader open() throws IOException {
    Optional<Path> jar = jar();
    assumeTrue(
        jar.isPresent(),
        "no TornadoVM API jar: set -Dforetoken.tornado.api.jar or TORNADOVM_HOME to compare");
    return new URLClassLoader(
        new URL[] {jar.get().toUri().toURL()}, ClassLoader.getPlatformClassLoader());
  }

  static Optional<Path> jar() throws IOException {
    String property = System.getProperty("foretoken.tornado.api.jar");
    if (property != null) {
      return Optional.of(Path.of(property));
    }
    String home = System.getenv("TORNADOVM_HOME");
    Path folder = home == null ? null : Path.of(home, "share", "java", "tornado");
    if (folder == null || !Files.isDirectory(folder)) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> f.getFileName().toString().matches("tornado-api-.*\\.jar"))
          .findFirst();
    }
  }
}
