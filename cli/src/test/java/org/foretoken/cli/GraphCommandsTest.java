package org.foretoken.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GraphCommandsTest {
  private static final String FP8 = "../configs/graphs/fp8-linear.yaml";

  /** Sums that FP32 loses and double keeps. */
  private static final String CANCELLING =
      """
      name: cancelling
      tensors:
        a: {dtype: f32, shape: [1, 6], source: {kind: values, values: [1e8, 1, 1, 1, 1, -1e8]}}
        b: {dtype: f32, shape: [1, 6], source: {kind: values, values: [1]}}
        two: {dtype: f32, shape: [1, 6]}
        c: {dtype: f32, shape: [1, 1]}
      operations:
        - {op: Add, label: fine, inputs: [b, b], outputs: [two]}
        - op: MatMul
          label: lossy
          attributes: {layout: nt, precision: f32, accumulate: false}
          inputs: [a, two]
          outputs: [c]
      """;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @TempDir Path folder;

  private int run(String... arguments) {
    out.reset();
    err.reset();
    return Main.run(new PrintStream(out, true), new PrintStream(err, true), arguments);
  }

  private String text() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String error() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private JsonNode json() throws IOException {
    return new ObjectMapper().readTree(out.toByteArray());
  }

  @Test
  void aRunShowsOutputsTimesAndMemory() throws IOException {
    Path trace = folder.resolve("t.json");
    Path picture = folder.resolve("p.svg");
    assertThat(run("run", FP8, "--trace", trace.toString(), "--picture", picture.toString()))
        .isZero();
    assertThat(text()).contains("device   CPU", "4 tasks, 8 tensors", "without reuse", "fp8-gemm");
    JsonNode events = new ObjectMapper().readTree(trace.toFile()).get("traceEvents");
    assertThat(events.findValuesAsText("label"))
        .containsExactly("quantize-x", "quantize-w", "fp8-gemm", "dequantize-x");
    assertThat(Files.readString(picture)).startsWith("<svg").endsWith("</svg>\n");
  }

  @Test
  void aRunIsTheSameOnEveryDevice() throws IOException {
    assertThat(run("run", FP8, "--json")).isZero();
    JsonNode host = json();
    assertThat(run("run", FP8, "--json", "--device", "reference", "--warmup", "1")).isZero();
    JsonNode reference = json();
    assertThat(host.get("device").asText()).isEqualTo("host");
    assertThat(reference.get("device").asText()).isEqualTo("reference");
    assertThat(host.get("peak_bytes").asLong()).isPositive();
    for (int i = 0; i < 2; i++) {
      double amax = host.get("outputs").get(i).get("amax").asDouble();
      assertThat(amax).isPositive();
      assertThat(reference.get("outputs").get(i).get("amax").asDouble())
          .isCloseTo(amax, org.assertj.core.data.Offset.offset(1e-5 * amax));
    }
  }

  @Test
  void devicesThatAgreeAreAgreed() throws IOException {
    assertThat(run("compare", FP8, "--devices", "reference,host", "--json")).isZero();
    JsonNode result = json();
    assertThat(result.get("agree").asBoolean()).isTrue();
    assertThat(result.has("first_disagreement")).isFalse();
    assertThat(result.get("tasks")).hasSize(4);
    assertThat(result.get("tensors")).hasSize(6);
    for (JsonNode tensor : result.get("tensors")) {
      assertThat(tensor.get("diff").asDouble()).isBetween(0.0, 1e-11);
      assertThat(tensor.get("max_ulp").asLong()).isNotNegative();
    }
  }

  @Test
  void aDisagreementFailsAndNamesTheFirstTask() throws IOException {
    Path file = folder.resolve("c.yaml");
    Files.writeString(file, CANCELLING);
    assertThat(run("compare", file.toString(), "--devices", "reference,host")).isEqualTo(1);
    assertThat(text()).contains("DISAGREE: 1 of 2 tasks, first 'lossy', tensor 'c'");
    assertThat(run("compare", file.toString(), "--devices", "reference,host", "--json"))
        .isEqualTo(1);
    assertThat(json().get("first_disagreement").asText()).isEqualTo("lossy");
    assertThat(json().get("agree").asBoolean()).isFalse();
  }

  @Test
  void theEmulatorAgreesWithTheHost() {
    assertThat(run("compare", FP8, "--devices", "host,emulator", "--repeat", "1")).isZero();
    assertThat(text()).contains("device B  emulator", "agree: all 4 tasks");
  }

  @Test
  void mistakesAreOneLineAndExitCodeTwo() {
    assertThat(run("run", FP8, "--device", "gpu")).isEqualTo(2);
    assertThat(error()).contains("--device: gpu needs a TornadoVM SDK").hasLineCount(1);
    assertThat(run("run", FP8, "--device", "hots")).isEqualTo(2);
    assertThat(error()).contains("did you mean 'host'?").hasLineCount(1);
    assertThat(run("run", "fp8-liner")).isEqualTo(2);
    assertThat(error()).contains("fp8-liner: no such file").hasLineCount(1);
    assertThat(run("compare", FP8, "--devices", "host")).isEqualTo(2);
    assertThat(error()).contains("--devices: expected two devices").hasLineCount(1);
    assertThat(run("kernels")).isEqualTo(2);
    assertThat(error()).contains("expected --check").hasLineCount(1);
  }

  @Test
  void kernelsOfADeviceAreHeldToTheHost() throws IOException {
    assertThat(run("kernels", "--check", "--device", "reference", "--json")).isZero();
    assertThat(json().get("failed").asInt()).isZero();
    assertThat(json().get("results").findValuesAsText("operation"))
        .anyMatch(o -> o.startsWith("RmsNorm"))
        .anyMatch(o -> o.startsWith("Fp8MatMul"))
        .anyMatch(o -> o.startsWith("AttentionGrad"));
  }

  @Test
  void partsOfACheckHaveEachOperationOnce() throws IOException {
    List<String> check =
        List.of("kernels", "--check", "--device", "reference", "--json", "--only", "MatMul");
    assertThat(run(check.toArray(String[]::new))).isZero();
    List<String> whole = json().get("results").findValuesAsText("operation");
    List<String> shared = new ArrayList<>();
    for (String part : List.of("1/3", "2/3", "3/3")) {
      List<String> one = new ArrayList<>(check);
      one.addAll(List.of("--part", part));
      assertThat(run(one.toArray(String[]::new))).isZero();
      shared.addAll(json().get("results").findValuesAsText("operation"));
    }
    assertThat(shared).containsExactlyInAnyOrderElementsOf(whole).hasSizeGreaterThan(20);
    assertThat(run("kernels", "--check", "--part", "3/2")).isEqualTo(2);
    assertThat(error()).contains("--part: expected I/N").hasLineCount(1);
  }

  @Test
  void rowsOfACheckArePrintedUnderTheirHeader() {
    assertThat(run("kernels", "--check", "--device", "reference", "--only", "Zero")).isZero();
    assertThat(text().lines().toList().get(1)).startsWith("operation").endsWith("result");
    assertThat(text()).containsPattern("Zero \\S+ .* 0 +0 +exact .* ok\n");
  }

  @Test
  void theProjectsOwnPtxIsWritten() throws IOException {
    assertThat(run("kernels", "--ptx", folder.toString())).isZero();
    List<String> kernels = Files.readAllLines(folder.resolve("kernels.txt"));
    assertThat(kernels).hasSize(10);
    for (String line : kernels) {
      String[] words = line.split(" ");
      assertThat(folder.resolve(words[0])).content().contains(".visible .entry " + words[1] + "(");
    }
  }

  @Test
  void devicesAreListedWithTheirFix() throws IOException {
    assertThat(run("devices", "--json")).isZero();
    assertThat(json().findValuesAsText("device"))
        .containsExactly("host", "reference", "emulator", "gpu");
    assertThat(json().get(0).get("available").asBoolean()).isTrue();
    assertThat(json().get(3).get("available").asBoolean()).isFalse();
    assertThat(json().get(3).get("description").asText()).contains("TORNADOVM_HOME");
    assertThat(run("doctor", "--json")).isBetween(0, 1);
    assertThat(json().get("checks").findValuesAsText("name")).contains("JDK", "CPU", "TornadoVM");
  }
}
