package org.foretoken.cli.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * What {@link Doctor} can see of a machine.
 *
 * @param environment environment variables
 * @param java version of the running Java
 * @param root folder that stands for the file system's root
 * @param command runs a program and gives its output, or nothing where that fails
 */
public record Machine(
    Map<String, String> environment,
    Runtime.Version java,
    Path root,
    Function<List<String>, Optional<String>> command) {
  private static final int SECONDS = 10;

  /** This machine. */
  public static Machine here() {
    return new Machine(System.getenv(), Runtime.version(), Path.of("/"), Machine::output);
  }

  private static Optional<String> output(List<String> words) {
    try {
      Path file = Files.createTempFile("foretoken", ".out");
      try {
        Process process =
            new ProcessBuilder(words)
                .redirectOutput(file.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          return Optional.empty();
        }
        String text = Files.readString(file, StandardCharsets.UTF_8).strip();
        return process.exitValue() == 0 && !text.isEmpty() ? Optional.of(text) : Optional.empty();
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      return Optional.empty(); // no such program
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** A variable that is set and not empty. */
  Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(v -> !v.isBlank());
  }

  /** The first line of a file, if it can be read. */
  Optional<String> firstLine(String file) {
    try {
      return Files.readString(root.resolve(file)).lines().findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
