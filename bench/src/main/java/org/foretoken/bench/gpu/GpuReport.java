package org.foretoken.bench.gpu;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.foretoken.bench.result.CaseResult;
import org.foretoken.bench.result.Machine;
import org.foretoken.bench.result.ResultTable;
import org.foretoken.bench.result.SuiteResult;
import org.foretoken.kernels.device.GemmRoad;
import org.foretoken.kernels.device.GemmShape;

/**
 * Everything that a run found.
 *
 * @param time when it ended, ISO 8601
 * @param commit of the sources
 * @param machine where it ran
 * @param device as it describes itself
 * @param budgetSeconds that it had
 * @param seconds that it took
 * @param steps in order, those that were left out last
 * @param roads the table for {@code --gemm auto}; null where none was written
 */
record GpuReport(
    String time,
    String commit,
    Machine machine,
    String device,
    double budgetSeconds,
    double seconds,
    List<StepOutcome> steps,
    Roads roads) {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
          .build();

  /**
   * The table for {@code --gemm auto}.
   *
   * @param file where it was written
   * @param fastest road by product
   */
  record Roads(String file, Map<String, String> fastest) {
    static Roads of(Path file, Map<GemmShape, GemmRoad> fastest) {
      Map<String, String> names = new TreeMap<>();
      fastest.forEach((shape, road) -> names.put(shape.toString(), road.optionName()));
      return new Roads(file.toString(), names);
    }
  }

  /** Whether a step failed. */
  boolean failed() {
    return steps.stream().anyMatch(s -> s.status().equals(StepOutcome.FAILED));
  }

  /** Writes {@code gpu.json} and {@code gpu.md}. */
  void write(Path folder) throws IOException {
    Files.writeString(folder.resolve("gpu.json"), JSON.writeValueAsString(this) + "\n");
    Files.writeString(folder.resolve("gpu.md"), markdown());
  }

  private String markdown() throws JsonProcessingException {
    StringBuilder text = new StringBuilder();
    text.append("# ").append(device).append("\n\n");
    text.append("Commit ").append(commit).append(", ").append(time).append(", ");
    text.append(machine.oneLine()).append(".\n");
    text.append(String.format(Locale.ROOT, "%.0f s of %.0f s.%n%n", seconds, budgetSeconds));
    row(text, "step", "status", "s", "what");
    row(text, "---", "---", "---:", "---");
    for (StepOutcome s : steps) {
      row(text, s.step(), s.status(), OutcomeReader.seconds(s.seconds()), s.message());
    }
    for (StepOutcome s : steps) {
      boolean suite = s.result() != null && s.result().has("cases");
      if (suite) {
        suite(text, s);
      }
      if (!suite && (!s.failed().isEmpty() || !s.skipped().isEmpty())) {
        text.append("\n## ").append(s.step()).append('\n');
      }
      list(text, "Failed", s.failed());
      list(text, "Not run or not measured", s.skipped());
    }
    if (roads != null) {
      text.append("\n## Fastest road by product\n\nIn ").append(roads.file()).append(".\n\n");
      row(text, "product", "road");
      row(text, "---", "---");
      roads.fastest().forEach((product, road) -> row(text, product, road));
    }
    return text.toString();
  }

  private static void suite(StringBuilder text, StepOutcome s) throws JsonProcessingException {
    SuiteResult run = SuiteResult.parse(s.result().toString());
    text.append("\n## ").append(s.step()).append("\n\n").append(run.about()).append("\n\n");
    List<String> headings = ResultTable.headings();
    row(text, headings.toArray(String[]::new));
    row(text, headings.stream().map(h -> "---").toArray(String[]::new));
    for (CaseResult c : run.cases()) {
      ResultTable.cells(c).forEach(cells -> row(text, cells.toArray(String[]::new)));
    }
  }

  private static void list(StringBuilder text, String heading, List<String> items) {
    if (items.isEmpty()) {
      return;
    }
    text.append('\n').append(heading).append(":\n\n");
    items.forEach(item -> text.append("- ").append(item.replace("\n", " ")).append('\n'));
  }

  private static void row(StringBuilder text, String... cells) {
    text.append("| ");
    for (int i = 0; i < cells.length; i++) {
      text.append(i == 0 ? "" : " | ").append(cells[i].replace("|", "\\|").replace("\n", " "));
    }
    text.append(" |\n");
  }
}
