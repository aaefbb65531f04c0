package org.foretoken.cli.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunHistoryTest {
  @TempDir Path folder;

  static MetricsLine.Start start(int firstStep) {
    MemoryBill bill = new MemoryBill(100, 80, "BF16", List.of(), 1, 2, 3, 4, null);
    return new MetricsLine.Start(
        "2026-01-02T03:04:05Z",
        "1",
        null,
        "25",
        "host",
        "CPU",
        "text",
        firstStep,
        4,
        10,
        List.of(9, 8),
        null,
        bill);
  }

  static MetricsLine.Step step(int step, double loss) {
    return new MetricsLine.Step(
        step, step * 10L, loss, List.of(loss + 1), List.of(0.5, 0.4), 1e-3, 0.3, 1.5, 100, step);
  }

  private List<Double> losses() {
    return RunHistory.read(folder).steps().stream().map(MetricsLine.Step::lossMain).toList();
  }

  private void append(String text) throws IOException {
    Files.writeString(folder.resolve(MetricsFile.NAME), text, StandardOpenOption.APPEND);
  }

  @Test
  void numbersComeBackToTheLastBit() {
    double odd = Math.nextUp(0.1) + 1e-17;
    try (MetricsFile file = new MetricsFile(folder)) {
      file.write(start(0));
      file.write(step(1, odd));
      file.write(step(2, Math.PI));
    }
    assertThat(losses()).containsExactly(odd, Math.PI);
    assertThat(RunHistory.read(folder).start().targetsPerSequence()).containsExactly(9, 8);
    assertThat(RunHistory.read(folder).end()).isEmpty();
  }

  @Test
  void stepsThatWereMadeAgainCountOnce() throws IOException {
    try (MetricsFile file = new MetricsFile(folder)) {
      file.write(start(0));
      file.write(step(1, 5));
      file.write(step(2, 4));
      file.write(step(3, 9)); // lost: the last checkpoint is that of step 2
    }
    append("{\"type\":\"step\",\"step\":4,\"loss_ma"); // the kill
    assertThat(losses()).as("of the killed run").containsExactly(5.0, 4.0, 9.0);
    try (MetricsFile file = new MetricsFile(folder)) {
      file.write(start(2));
      file.write(step(3, 3));
      file.write(step(4, 2));
    }
    assertThat(losses()).containsExactly(5.0, 4.0, 3.0, 2.0);
  }

  @Test
  void linesOfLaterVersionsAreSkipped() throws IOException {
    try (MetricsFile file = new MetricsFile(folder)) {
      file.write(start(0));
      file.write(step(1, 5));
    }
    append("{\"type\":\"novelty\",\"x\":1}\n");
    append("{\"type\":\"eval\",\"step\":1,\"loss_main\":2.0,\"extra\":{\"y\":[1]}}\n");
    assertThat(losses()).containsExactly(5.0);
    assertThat(RunHistory.read(folder).evals()).hasSize(1);
  }

  @Test
  void whatIsNoMetricsFileIsRefusedInOneLine() throws IOException {
    assertThatExceptionOfType(InputException.class)
        .isThrownBy(() -> RunHistory.read(folder))
        .withMessageContaining("expected the folder of a run");
    Path file = folder.resolve(MetricsFile.NAME);
    for (String text : List.of("", "not json\n", "[1,2]\n", "{\"type\":\"step\",\"step\":1}\n")) {
      Files.writeString(file, text);
      assertThatExceptionOfType(InputException.class)
          .isThrownBy(() -> RunHistory.read(folder))
          .withMessageContaining(file.toString())
          .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    }
    Files.writeString(
        file, MetricsJson.line(start(0)) + "\nrubbish\n" + MetricsJson.line(step(1, 2)) + "\n");
    assertThatExceptionOfType(InputException.class)
        .isThrownBy(() -> RunHistory.read(folder))
        .withMessageContaining("line 2: expected a line of metrics, found rubbish");
  }
}
