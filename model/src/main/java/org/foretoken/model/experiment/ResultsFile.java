package org.foretoken.model.experiment;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.foretoken.fp8.InputException;

/**
 * {@code results.jsonl}: a first line that says what is measured, then a line for each finished
 * run, written and handed to the system as it finishes. A line that a kill cut short is dropped.
 */
public final class ResultsFile {
  /** The file's name in an experiment's folder. */
  public static final String NAME = "results.jsonl";

  /** The first line. */
  private record Head(String experiment, String configuration) {}

  private static final JsonMapper MAPPER =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private final Path file;

  private ResultsFile(Path file) {
    this.file = file;
  }

  /**
   * Opens the results of an experiment, and begins them where there are none.
   *
   * @param results receives what is there
   * @throws InputException when the folder holds results of something else
   */
  public static ResultsFile open(Path folder, String name, Experiment experiment, Results results) {
    Path file = folder.resolve(NAME);
    ResultsFile opened = new ResultsFile(file);
    Head head = new Head(name, experiment.toString());
    try {
      Files.createDirectories(folder);
      String text = Files.exists(file) ? Files.readString(file) : "";
      int whole = text.lastIndexOf('\n') + 1;
      if (whole == 0) {
        Files.writeString(file, line(head), StandardCharsets.UTF_8);
        return opened;
      }
      if (whole < text.length()) {
        Files.writeString(file, text.substring(0, whole), StandardCharsets.UTF_8);
      }
      List<String> lines = text.substring(0, whole).lines().toList();
      Head found = MAPPER.readValue(lines.getFirst(), Head.class);
      if (!found.equals(head)) {
        throw new InputException(
            "'"
                + file
                + "': expected results of "
                + name
                + " at this size, found those of "
                + found.experiment()
                + (found.experiment().equals(name) ? " at another one" : "")
                + "; choose another folder with --out, or remove this one");
      }
      for (String line : lines.subList(1, lines.size())) {
        results.add(MAPPER.readValue(line, Results.Run.class));
      }
      return opened;
    } catch (JsonProcessingException e) {
      throw new InputException(
          "'" + file + "': expected lines of results, found others; remove it", e);
    } catch (IOException e) {
      throw new InputException(
          "'" + file + "': cannot be used (" + e + "); choose another --out", e);
    }
  }

  /** Adds a finished run. */
  public void append(Results.Run run) {
    try {
      Files.writeString(file, line(run), StandardCharsets.UTF_8, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "'" + file + "' cannot be written (" + e.getMessage() + "); free some space and repeat",
          e);
    }
  }

  private static String line(Object value) throws JsonProcessingException {
    return MAPPER.writeValueAsString(value) + "\n";
  }
}
