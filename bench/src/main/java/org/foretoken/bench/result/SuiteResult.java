package org.foretoken.bench.result;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.foretoken.fp8.InputException;

/**
 * One run of a suite.
 *
 * @param suite its name
 * @param about what it shows
 * @param time when it started, ISO 8601
 * @param commit of the sources
 * @param machine where it ran
 * @param fmaGflops FMA peak of all threads
 * @param cases its cases
 */
public record SuiteResult(
    String suite,
    String about,
    String time,
    String commit,
    Machine machine,
    Double fmaGflops,
    List<CaseResult> cases) {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /** As one line of JSON. */
  public String json() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Reads one line of JSON. */
  public static SuiteResult parse(String json) throws JsonProcessingException {
    return JSON.readValue(json, SuiteResult.class);
  }

  /** Adds this run to a history, one line a run. */
  public void append(Path history) throws IOException {
    Files.createDirectories(history.toAbsolutePath().getParent());
    Files.writeString(history, json() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /**
   * All runs of a history, or the one run of a JSON file.
   *
   * @throws InputException where the file is none
   */
  public static List<SuiteResult> history(Path file) {
    try {
      List<SuiteResult> runs = new java.util.ArrayList<>();
      for (String line : Files.readAllLines(file)) {
        if (!line.isBlank()) {
          runs.add(parse(line));
        }
      }
      return runs;
    } catch (JsonProcessingException e) {
      throw new InputException(
          file + ": expected results of 'foretoken bench', found " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new InputException(file + ": the file cannot be read (" + e.getMessage() + ")", e);
    }
  }
}
