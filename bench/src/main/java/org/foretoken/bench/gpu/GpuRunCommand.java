package org.foretoken.bench.gpu;

import java.nio.file.Files;
import java.nio.file.Path;
import org.foretoken.cli.ForetokenCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code foretoken bench-gpu}: checks and measures everything on a GPU, within a time. */
@Command(
    name = "bench-gpu",
    sortOptions = false,
    description =
        "On a machine with a GPU and TORNADOVM_HOME: checks every kernel and provider against the"
            + " host, runs every GPU suite beside PyTorch and one training run, writes gpu.json,"
            + " gpu.md and the table for --gemm auto. Exit code 1 where a step failed.")
public final class GpuRunCommand extends ForetokenCommand {
  private static final double LEAST_SECONDS = 30;
  private static final double MOST_SECONDS = 86_400;

  /** Processes that compile kernels at one time, each with two or three busy threads. */
  private static final int MOST_PARTS = 4;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      description = "Time for everything (default: 520, under nine minutes).")
  private double seconds = 520;

  @Option(names = "--out", paramLabel = "DIR", description = "Results (default: runs/gpu).")
  private Path out = Path.of("runs", "gpu");

  @Option(
      names = "--small",
      description = "Sizes that OpenCL on a CPU can do: leaves the large suites out.")
  private boolean small;

  @Option(
      names = "--compile-only",
      description = "For a driver that compiles and does not run: leaves out what runs.")
  private boolean compileOnly;

  @Override
  public Integer call() throws Exception {
    if (!(seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS)) {
      throw wrong("--seconds: expected 30 to 86400, found " + seconds);
    }
    Path launcher = Path.of(System.getProperty("foretoken.home", "."), "foretoken");
    if (!Files.isExecutable(launcher)) {
      throw wrong("bench-gpu: expected the launcher, found no " + launcher);
    }
    String sdk = System.getenv("TORNADOVM_HOME");
    if (sdk == null || sdk.isBlank()) {
      throw wrong("bench-gpu: expected a TornadoVM SDK in TORNADOVM_HOME, found none");
    }
    GpuStep.Extent extent =
        compileOnly
            ? GpuStep.Extent.COMPILE_ONLY
            : small ? GpuStep.Extent.SMALL : GpuStep.Extent.FULL;
    Path folder = out.toAbsolutePath().normalize();
    GpuRun run =
        new GpuRun(
            launcher,
            folder,
            extent,
            seconds,
            GpuRun.LEAST_SECONDS,
            Math.clamp(Runtime.getRuntime().availableProcessors() / 4, 1, MOST_PARTS),
            line -> err().println("  " + line));
    GpuReport report = run.run();
    out().println("written to " + folder.resolve("gpu.json") + " and gpu.md");
    return report.failed() ? 1 : 0;
  }
}
