package org.foretoken.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.foretoken.bench.result.CaseResult;
import org.foretoken.bench.result.SuiteResult;
import org.foretoken.cli.Main;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as a user runs it, on suites that take a moment. */
class BenchCommandTest {
  private record Run(int code, String out, String err) {}

  @TempDir Path temp;

  @BeforeEach
  void home() {
    System.setProperty("foretoken.home", Path.of("..").toAbsolutePath().normalize().toString());
  }

  private static Run run(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    String[] all = new String[arguments.length + 1];
    all[0] = "bench";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    int code = Main.run(new PrintStream(out), new PrintStream(err), all);
    return new Run(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private String suite(String cases) throws IOException {
    Path file = temp.resolve("small.yaml");
    Files.writeString(
        file,
        "name: small\nabout: a small one\nrounds: 3\nwarm_up_seconds: 0.01\ncases:\n" + cases);
    return file.toString();
  }

  private static final String GEMM =
      """
        - op: fp8_gemm
          shapes: [16x32x40]
          devices: [host]
        - op: quantize_both
          shapes: [9x200]
          devices: [host, emulator]
        - op: attention_grad
          shapes: [20x2x8]
          devices: [host]
      """;

  @Test
  void aRunPrintsFiguresAndWritesJsonAndAPage() throws IOException {
    Run run = run(suite(GEMM), "--out", temp.resolve("out").toString());

    assertThat(run.err).contains("small.html");
    assertThat(run.code).isZero();
    assertThat(run.out)
        .contains("small: a small one", "fp8_gemm wgrad 16x32x40 host", "GFLOP/s", "% copy");
    SuiteResult result = SuiteResult.history(temp.resolve("out/small.json")).getFirst();
    assertThat(result.cases()).hasSize(6);
    for (CaseResult c : result.cases()) {
      assertThat(c.status()).as(c.id() + ": " + c.message()).isEqualTo(CaseResult.OK);
      assertThat(c.medianNs()).isPositive();
    }
    CaseResult product = result.cases().getFirst();
    assertThat(product.gflops()).isEqualTo(2.0 * 16 * 32 * 40 / product.medianNs());
    assertThat(product.allocatedBytes()).isNotNegative();
    String page = Files.readString(temp.resolve("out/small.html"));
    assertThat(page).contains("<svg", "quantize_both 9x200 emulator").doesNotContain("src=");
  }

  @Test
  void whatASuiteGetsWrongIsOneLineAndCodeTwo() throws IOException {
    Map.of(
            "  - {op: fp9_gemm, shapes: [1x1x1], devices: [host]}", "did you mean 'fp8_gemm'?",
            "  - {op: fp8_gemm, shapes: [1x1], devices: [host]}", "expected MxNxK",
            "  - {op: fp8_gemm, shapes: [1x0x1], devices: [host]}", "expected MxNxK",
            "  - {op: fp8_gemm, shapes: [1x1x1], devices: [hots]}", "did you mean 'host'?",
            "  - {op: fp8_gemm, shapes: [1x1x1], devices: [host], peers: [libtorc]}",
                "did you mean 'libtorch'?",
            "  - {op: fp8_gemm, shapes: [1x1x1], devices: [host], peers: [torch_bf16]}",
                "a peer of gpu",
            "  - {op: train_step, shapes: [tinny], devices: [host]}", "did you mean 'tiny'?",
            "  - {op: fp8_gemm, shapes: [1x1x1, 1x1x1], devices: [host]}", "a second time")
        .forEach(
            (cases, expected) -> {
              try {
                Run run = run(suite(cases));
                assertThat(run.err.lines()).as(cases).hasSize(1);
                assertThat(run.err).as(cases).startsWith("foretoken: ").contains(expected);
                assertThat(run.code).as(cases).isEqualTo(2);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    assertThat(run("gemm-hots").err).contains("did you mean 'gemm-host'?");
    assertThat(run(suite(GEMM), "--only", "nothing").code).isEqualTo(2);
  }

  @Test
  void aCaseThatCannotRunIsReportedAndTheRestRun() throws IOException {
    Run run =
        run(
            suite(
                """
                  - {op: quantize_1x128, shapes: [4x128], devices: [gpu, host]}
                """),
            "--out",
            temp.resolve("out").toString());

    assertThat(run.code).isEqualTo(1);
    assertThat(run.out)
        .contains("quantize_1x128 4x128 gpu: not measured: gpu needs a TornadoVM SDK")
        .containsPattern("quantize_1x128 4x128 host +\\d");
  }

  /** The case's own check fails where a draft is rejected. */
  @Test
  void everyDraftIsAcceptedOnWeightsThatRepeat() throws IOException {
    String sizes = " model.layers=2 model.hidden_size=64 model.intermediate_size=96";
    String cases = "  - {op: accepted_decode, devices: [host], recipes: [deepseek],\n";
    cases += "     peers: [plain], shapes: [tiny" + sizes + " model.mtp_depth=2,\n";
    cases += "     mini-deepseek" + sizes + "]}\n";
    cases += "  - {op: speculative_decode, devices: [host], recipes: [bf16],\n";
    cases += "     peers: [plain], shapes: [tiny" + sizes + "]}\n";
    Run run = run(suite(cases), "--out", temp.resolve("out").toString());

    assertThat(run.code).as(run.out).isZero();
    SuiteResult result = SuiteResult.history(temp.resolve("out/small.json")).getFirst();
    assertThat(result.cases())
        .extracting(CaseResult::unit)
        .containsExactly("token", "token", "step");
    assertThat(result.cases()).allSatisfy(c -> assertThat(c.peer()).isEqualTo("plain"));
    assertThat(result.cases()).allSatisfy(c -> assertThat(c.ratioToPeer()).isPositive());
  }

  @Test
  void aRunIsComparedWithAnEarlierOne() throws IOException {
    String suite = suite("  - {op: adamw, shapes: [64x64], devices: [host]}");
    Path out = temp.resolve("out");
    assertThat(run(suite, "--out", out.toString()).code).isZero();
    Path earlier = out.resolve("small.json");
    String faster =
        Files.readString(earlier).replaceAll("\"median_ns\":[0-9.E]+", "\"median_ns\":1.0");
    Path file = Files.writeString(temp.resolve("fast.jsonl"), faster);

    Run run = run(suite, "--out", out.toString(), "--against", file.toString());

    assertThat(run.code).isEqualTo(1);
    assertThat(run.err).contains("slower: adamw 64x64 host");
  }

  @Test
  void everySuiteThatComesWithTheProgramIsSound() {
    Run run = run("--list");

    assertThat(run.err).isEmpty();
    assertThat(run.code).isZero();
    assertThat(run.out)
        .contains("gemm-host: ", "quantize-host: ", "model-host: ", "decode-host: ", "scaling: ")
        .contains("cpu-vs-gpu: ", "gemm-gpu: ", "quantize-gpu: ", "train-gpu: ");
  }
}
