package org.foretoken.cli.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.foretoken.cli.config.YamlNode.Mapping;
import org.foretoken.fp8.InputException;

/**
 * The configurations that come with the program: {@code configs/*.yaml} of the checkout that the
 * launcher lies in, or the copies in the jar where there is none.
 */
public final class Presets {
  /** What {@code train} does when it is told nothing, and what files that name no preset extend. */
  public static final String DEFAULT = "tiny";

  private static final List<String> IN_JAR =
      List.of("deepseek-v3", "listing", "mini-deepseek", "nanogpt-cpu", "one-billion", "tiny");

  private Presets() {}

  /** Names of all presets. */
  public static List<String> names() {
    Optional<Path> folder = folder();
    if (folder.isEmpty()) {
      return IN_JAR;
    }
    try (Stream<Path> files = Files.list(folder.get())) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(n -> n.endsWith(".yaml"))
          .map(n -> n.substring(0, n.length() - ".yaml".length()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<Path> folder() {
    String home = System.getProperty("foretoken.home");
    return Optional.ofNullable(home).map(h -> Path.of(h, "configs")).filter(Files::isDirectory);
  }

  /** The keys of a preset; {@code usedAt} is where its name was written. */
  static Mapping read(String name, String usedAt) {
    List<String> names = names();
    if (!names.contains(name)) {
      throw new InputException(
          usedAt
              + ": preset: expected one of "
              + String.join(", ", names)
              + ", found '"
              + name
              + "'"
              + DidYouMean.hint(name, names));
    }
    String file = "configs/" + name + ".yaml";
    Optional<Path> folder = folder();
    if (folder.isPresent()) {
      return YamlReader.read(folder.get().resolve(name + ".yaml"), file);
    }
    try (InputStream in = Presets.class.getResourceAsStream("/" + file)) {
      if (in == null) {
        throw new IllegalStateException(file + " is missing from the program's jar");
      }
      return YamlReader.parse(in.readAllBytes(), file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
