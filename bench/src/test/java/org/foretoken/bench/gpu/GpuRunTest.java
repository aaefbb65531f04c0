package org.foretoken.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.kernels.device.GemmRoad;
import org.foretoken.kernels.device.GemmTable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole run on launchers that are shell scripts: some steps fail, hang or print noise. */
class GpuRunTest {
  private static final String DEVICE =
      "[{\"device\":\"gpu\",\"available\":true,\"description\":\"gpu: TornadoVM, CUDA, A GPU\"}]";

  @TempDir Path temp;
  private String home;

  @BeforeEach
  void ownHome() {
    home = System.getProperty("foretoken.home");
    System.setProperty("foretoken.home", temp.toString());
  }

  @AfterEach
  void formerHome() {
    if (home == null) {
      System.clearProperty("foretoken.home");
    } else {
      System.setProperty("foretoken.home", home);
    }
  }

  /** A launcher whose answers are the cases of a shell's case statement. */
  private Path launcher(String... cases) throws IOException {
    Path file = temp.resolve("foretoken");
    Files.writeString(
        file,
        "#!/bin/sh\ncase \"$*\" in\n"
            + String.join("\n", cases)
            + "\n*) echo 'foretoken: no such thing' >&2; exit 2 ;;\nesac\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }

  private static String answer(String pattern, String line) {
    return pattern + ") echo '" + line + "' ;;";
  }

  private static String product(String pass, String road, double nanos) {
    return "{\"id\":\"fp8_gemm "
        + pass
        + " 64x32x16 gpu "
        + road
        + "\",\"op\":\"fp8_gemm\",\"pass\":\""
        + pass
        + "\",\"shape\":\"64x32x16\",\"device\":\"gpu\",\"unit\":\"call\",\"status\":\"ok\","
        + "\"median_ns\":"
        + nanos
        + ",\"spread\":0.01,\"peers\":[]}";
  }

  private static String suite(String name, String... cases) {
    return "{\"suite\":\""
        + name
        + "\",\"about\":\"\",\"time\":\"now\",\"commit\":\"c\",\"machine\":{},\"cases\":["
        + String.join(",", cases)
        + "]}";
  }

  private GpuReport run(Path launcher, GpuStep.Extent extent, double seconds) throws Exception {
    return run(launcher, extent, seconds, 1);
  }

  private GpuReport run(Path launcher, GpuStep.Extent extent, double seconds, int parts)
      throws Exception {
    return new GpuRun(launcher, temp.resolve("out"), extent, seconds, 2, parts, line -> {}).run();
  }

  private static StepOutcome step(GpuReport report, String name) {
    return report.steps().stream().filter(s -> s.step().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void aStepThatFailsDoesNotStopTheRest() throws Exception {
    String failing =
        "{\"id\":\"a\",\"shape\":\"1\",\"status\":\"failed\",\"message\":\"wrong\","
            + "\"peers\":[]}";
    Path launcher =
        launcher(
            answer("devices*", DEVICE),
            "*'--gemm jit'*) echo noise; echo '{\"compared\":true,\"results\":["
                + "{\"operation\":\"Add\",\"output\":\"y\",\"passed\":true},"
                + "{\"operation\":\"Zero\",\"output\":\"y\",\"passed\":false,"
                + "\"failure\":\"skipped: no time\"}],\"kernels\":[]}'; exit 1 ;;",
            "*cublaslt*) echo 'foretoken: --gemm cublaslt: not on this machine: none' >&2;"
                + " exit 2 ;;",
            "*ptx*) kill -9 $$ ;;",
            answer("*smoke-gpu*", suite("smoke-gpu", failing)),
            answer(
                "*gemm-gpu*",
                suite(
                    "gemm-gpu",
                    product("fprop", "jit", 20),
                    product("fprop", "ptx", 10),
                    product("wgrad", "jit", 5),
                    product("wgrad", "cublaslt", 6))),
            "*--cuda-graph*) echo 'foretoken: --device: --cuda-graph: expected TornadoVM' >&2;"
                + " exit 2 ;;",
            answer("train*", "{\"steps\":60,\"loss_main\":2.5,\"tokens_per_second\":100}"));

    GpuReport report = run(launcher, GpuStep.Extent.FULL, 200);

    assertThat(report.failed()).isTrue();
    assertThat(step(report, "kernels by jit"))
        .returns("ok", StepOutcome::status)
        .returns(List.of("Zero y: skipped: no time"), StepOutcome::skipped);
    assertThat(step(report, "products by cublaslt")).returns("skipped", StepOutcome::status);
    assertThat(step(report, "products by ptx")).returns("failed", StepOutcome::status);
    assertThat(step(report, "smoke-gpu").failed()).containsExactly("a: wrong");
    assertThat(step(report, "quantize-gpu").message()).contains("exit code 2: no such thing");
    assertThat(step(report, "training").message())
        .isEqualTo("60 steps, main loss 2.500, 100 tokens/s");
    assertThat(step(report, "training by CUDA graph")).returns("skipped", StepOutcome::status);

    Path table = GemmTable.fileOf("gpu: TornadoVM, CUDA, A GPU");
    assertThat(table).startsWith(temp);
    assertThat(GemmTable.read(table).entries().values())
        .containsExactly(GemmRoad.PTX, GemmRoad.JIT);
    assertThat(table).content().contains("fp8_nt.64x32x16 = ptx\n", "fp8_tn.32x16x64 = jit\n");

    JsonNode json = JsonMapper.builder().build().readTree(temp.resolve("out/gpu.json").toFile());
    assertThat(json.path("steps")).hasSize(report.steps().size());
    assertThat(temp.resolve("out/gpu.md"))
        .content()
        .contains("| products by ptx | failed |", "- Zero y: skipped: no time")
        .contains("| FP8_NT 64 x 32 x 16 | ptx |");
  }

  /** Each check waits until all five have begun, which they never would one after the other. */
  @Test
  void checksOfSeveralPartsRunAtTheSameTime() throws Exception {
    String began = temp + "/began";
    String check =
        "kernels*) echo x >>"
            + began
            + "; while [ \"$(wc -l <"
            + began
            + ")\" -lt 5 ]; do sleep 0.1; done;"
            + " echo '{\"compared\":true,\"results\":[],\"kernels\":[]}' ;;";

    GpuReport report =
        run(launcher(answer("devices*", DEVICE), check), GpuStep.Extent.SMALL, 200, 3);

    assertThat(report.steps().stream().filter(s -> s.command().contains("--check")))
        .extracting(StepOutcome::step, StepOutcome::status)
        .containsExactly(
            tuple("kernels by jit 1/3", "ok"),
            tuple("kernels by jit 2/3", "ok"),
            tuple("kernels by jit 3/3", "ok"),
            tuple("products by cublaslt", "ok"),
            tuple("products by ptx", "ok"));
    assertThat(step(report, "kernels by jit 2/3").command()).endsWith("--part 2/3");
  }

  @Test
  void aStepThatHangsIsEndedAtItsLimit() throws Exception {
    GpuStep step = new GpuStep("hangs", GpuStep.Kind.CHECK, 1, List.of("kernels"));
    Path hanging = launcher("*) sleep 1000 ;;");

    StepProcess process = StepProcess.run(hanging, step.arguments(), temp.resolve("log"), 1);

    assertThat(process.ended()).isTrue();
    assertThat(OutcomeReader.read(step, process, 1))
        .returns("failed", StepOutcome::status)
        .returns("ended at its limit of 1 s", StepOutcome::message);
  }

  @Test
  void whatHasNoTimeIsSkippedByName() throws Exception {
    GpuReport report = run(launcher(answer("devices*", DEVICE)), GpuStep.Extent.COMPILE_ONLY, 0);

    assertThat(step(report, "devices").message()).isEqualTo("no time was left of 0 s");
    assertThat(step(report, "gemm-gpu").message()).contains("--compile-only");
    assertThat(report.roads()).isNull();
  }

  @Test
  void withoutADeviceNothingRuns() throws Exception {
    String none = DEVICE.replace("true", "false").replace("gpu: TornadoVM, CUDA, A GPU", "none");
    GpuReport report = run(launcher(answer("devices*", none)), GpuStep.Extent.FULL, 200);

    assertThat(report.failed()).isTrue();
    assertThat(report.steps().stream().skip(1).map(StepOutcome::message).distinct())
        .containsExactly("there is no device");
  }

  @Test
  void smallLeavesOutTheLargeSuitesByName() {
    List<GpuStep.Omitted> omitted = new ArrayList<>();
    List<GpuStep> steps = GpuStep.plan(GpuStep.Extent.SMALL, "out", 1, omitted);

    assertThat(steps).extracting(GpuStep::name).contains("smoke-gpu", "training");
    assertThat(omitted)
        .extracting(o -> o.step().name())
        .containsExactly("gemm-gpu", "quantize-gpu", "train-gpu", "cpu-vs-gpu");
  }
}
