package org.foretoken.bench.suite;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.cli.config.YamlBinder;
import org.foretoken.cli.config.YamlReader;
import org.foretoken.fp8.InputException;

/** Finds suites: a YAML file, or a name in {@code configs/bench} beside the launcher. */
public final class Suites {
  private static final String SUFFIX = ".yaml";

  private Suites() {}

  /** The folder where the launcher's own suites lie. */
  public static Path folder() {
    return Path.of(System.getProperty("foretoken.home", "."), "configs", "bench");
  }

  /** Names of the suites that come with the program. */
  public static List<String> names() {
    if (!Files.isDirectory(folder())) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder())) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(n -> n.endsWith(SUFFIX))
          .map(n -> n.substring(0, n.length() - SUFFIX.length()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a suite.
   *
   * @throws InputException where there is none of that name, or it is not right
   */
  public static Suite load(String fileOrName) {
    Path file = Path.of(fileOrName);
    String source = fileOrName;
    if (!Files.isRegularFile(file)) {
      List<String> names = names();
      if (!names.contains(fileOrName)) {
        throw new InputException(
            fileOrName
                + ": no such file, and no suite of that name (suites: "
                + String.join(", ", names)
                + ")"
                + DidYouMean.hint(fileOrName, names));
      }
      file = folder().resolve(fileOrName + SUFFIX);
      source = "configs/bench/" + fileOrName + SUFFIX;
    }
    return Suite.of(YamlBinder.bind(SuiteFile.class, YamlReader.read(file, source)), source);
  }
}
