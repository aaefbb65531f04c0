package org.foretoken.bench.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A regression is what the spreads of both runs do not explain. */
class RegressionTest {
  @TempDir Path temp;

  private static SuiteResult run(String cpu, double median, double spread) throws IOException {
    return SuiteResult.parse(
        "{\"suite\":\"s\",\"machine\":{\"cpu\":\""
            + cpu
            + "\",\"processors\":2},\"cases\":[{\"id\":\"a\",\"status\":\"ok\",\"median_ns\":"
            + median
            + ",\"spread\":"
            + spread
            + ",\"peers\":[]}]}");
  }

  private Path history(SuiteResult... runs) throws IOException {
    Path file = temp.resolve("s.jsonl");
    for (SuiteResult r : runs) {
      r.append(file);
    }
    return file;
  }

  @Test
  void slowerThanBothSpreadsIsARegression() throws IOException {
    Path file = history(run("x", 50, 0.01), run("x", 100, 0.02)); // the last run counts

    assertThat(Regression.between(run("x", 107, 0.02), file)).isEmpty();
    assertThat(Regression.between(run("x", 108, 0.02), file))
        .singleElement()
        .satisfies(r -> assertThat(r.factor()).isEqualTo(1.08));
    assertThat(Regression.between(run("x", 90, 0.02), file)).isEmpty();
  }

  @Test
  void anotherMachineOrSuiteIsRefused() throws IOException {
    Path file = history(run("x", 100, 0.02));

    assertThatThrownBy(() -> Regression.between(run("y", 100, 0.02), file))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("expected a run on this machine");
    Files.writeString(file, "no json");
    assertThatThrownBy(() -> Regression.between(run("x", 1, 0), file))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("expected results of 'foretoken bench'");
  }

  @Test
  void theOrderIsTheSlopeOfTheLogarithms() {
    assertThat(Orders.exponent(new double[] {1, 2, 4}, new double[] {3, 12, 48}))
        .isEqualTo(2, within(1e-12));
    assertThat(Orders.exponent(new double[] {1, 2}, new double[] {8, 4}))
        .isEqualTo(-1, within(1e-12));
  }
}
