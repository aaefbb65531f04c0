package org.foretoken.emulator;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * TornadoVM's own classes, where there are some: the jars at the paths in the system property
 * {@code foretoken.tornado.api.jar}, or those of the API and the runtime under {@code
 * TORNADOVM_HOME}.
 */
final class TornadoApi {
  private TornadoApi() {}

  /** Its classes, apart from the emulator's; without the jars the calling test is skipped. */
  static URLClassLoader open() throws IOException {
    List<Path> jars = jars();
    assumeTrue(
        !jars.isEmpty(),
        "no TornadoVM jars: set -Dforetoken.tornado.api.jar or TORNADOVM_HOME to compare");
    URL[] urls = new URL[jars.size()];
    for (int i = 0; i < urls.length; i++) {
      urls[i] = jars.get(i).toUri().toURL();
    }
    return new URLClassLoader(urls, ClassLoader.getPlatformClassLoader());
  }

  /** The jars; empty where there are none. */
  static List<Path> jars() throws IOException {
    String property = System.getProperty("foretoken.tornado.api.jar");
    if (property != null) {
      return Arrays.stream(property.split(File.pathSeparator)).map(Path::of).toList();
    }
    String home = System.getenv("TORNADOVM_HOME");
    Path folder = home == null ? null : Path.of(home, "share", "java", "tornado");
    if (folder == null || !Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> f.getFileName().toString().matches("tornado-(api|runtime)-.*\\.jar"))
          .sorted()
          .toList();
    }
  }
}
