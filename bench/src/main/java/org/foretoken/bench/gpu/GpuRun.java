package org.foretoken.bench.gpu;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.foretoken.bench.result.Machine;
import org.foretoken.bench.result.SuiteResult;
import org.foretoken.kernels.device.GemmRoad;
import org.foretoken.kernels.device.GemmShape;
import org.foretoken.kernels.device.GemmTable;

/**
 * Runs all steps within a number of seconds. A step that fails, hangs or takes its process down
 * does not stop the next; what no time is left for is skipped by name.
 */
final class GpuRun {
  /** Less than this is not enough to start a JVM with a TornadoVM SDK and learn anything. */
  static final double LEAST_SECONDS = 8;

  /** What of its limit a check works; the rest is for starting and for searching the code. */
  private static final double CHECK_SHARE = 0.65;

  /** What of its limit a suite measures; the rest is for starting and for a case that is late. */
  private static final double SUITE_SHARE = 0.85;

  private final Path launcher;
  private final Path folder;
  private final GpuStep.Extent extent;
  private final double seconds;
  private final double least;
  private final int parts;
  private final Consumer<String> progress;

  /**
   * Prepares a run.
   *
   * @param launcher the script {@code foretoken}
   * @param folder where results go
   * @param seconds for everything
   * @param least seconds that a step needs, see {@link #LEAST_SECONDS}
   * @param parts processes that share the check of all kernels; with more than one, all checks run
   *     at the same time
   * @param progress told each step before and after it
   */
  GpuRun(
      Path launcher,
      Path folder,
      GpuStep.Extent extent,
      double seconds,
      double least,
      int parts,
      Consumer<String> progress) {
    this.launcher = launcher;
    this.folder = folder;
    this.extent = extent;
    this.seconds = seconds;
    this.least = least;
    this.parts = parts;
    this.progress = progress;
  }

  /** Runs everything and writes {@code gpu.json} and {@code gpu.md}. */
  GpuReport run() throws IOException, InterruptedException {
    long start = System.nanoTime();
    Path logs = Files.createDirectories(folder.resolve("steps"));
    List<GpuStep.Omitted> omitted = new ArrayList<>();
    List<GpuStep> steps = GpuStep.plan(extent, logs.resolve("training").toString(), parts, omitted);
    int weights = steps.stream().mapToInt(GpuStep::weight).sum();
    List<StepOutcome> outcomes = new ArrayList<>();
    GpuReport.Roads roads = null;
    String device = null;
    for (int i = 0; i < steps.size(); ) {
      List<GpuStep> together = together(steps, i);
      i += together.size();
      int weight = together.stream().mapToInt(GpuStep::weight).sum();
      double left = seconds - (System.nanoTime() - start) / 1e9;
      double limit = left * weight / weights;
      weights -= weight;
      for (StepOutcome outcome : run(together, logs, device, limit, left, outcomes.isEmpty())) {
        outcomes.add(outcome);
        progress.accept(
            outcome.step()
                + ": "
                + outcome.status()
                + (outcome.message().isEmpty() ? "" : ": " + outcome.message()));
        if (outcomes.size() == 1 && outcome.status().equals(StepOutcome.OK)) {
          device = outcome.message(); // the first step is the one that asks for it
        }
        if (outcome.step().equals("gemm-gpu")) {
          roads = table(outcome, device);
        }
      }
    }
    for (GpuStep.Omitted o : omitted) {
      outcomes.add(skipped(o.step(), o.why(), 0));
    }
    GpuReport report =
        new GpuReport(
            Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
            Machine.commit(),
            Machine.here(),
            device == null ? "no device" : device,
            seconds,
            (System.nanoTime() - start) / 1e9,
            outcomes,
            roads);
    report.write(folder);
    return report;
  }

  /** The steps from the i-th on that run at the same time: all checks, or one step. */
  private List<GpuStep> together(List<GpuStep> steps, int i) {
    int end = i + 1;
    if (parts > 1 && steps.get(i).kind() == GpuStep.Kind.CHECK) {
      while (end < steps.size() && steps.get(end).kind() == GpuStep.Kind.CHECK) {
        end++;
      }
    }
    return steps.subList(i, end);
  }

  private List<StepOutcome> run(
      List<GpuStep> together, Path logs, String device, double limit, double left, boolean first)
      throws IOException, InterruptedException {
    if (together.size() == 1) {
      return List.of(run(together.getFirst(), logs, device, limit, left, first));
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(together.size())) {
      List<Future<StepOutcome>> running = new ArrayList<>();
      for (GpuStep step : together) {
        running.add(threads.submit(() -> run(step, logs, device, limit, left, first)));
      }
      List<StepOutcome> outcomes = new ArrayList<>();
      for (Future<StepOutcome> one : running) {
        outcomes.add(one.get());
      }
      return outcomes;
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e.getCause());
    }
  }

  private StepOutcome run(
      GpuStep step, Path logs, String device, double limit, double left, boolean first)
      throws IOException, InterruptedException {
    if (!first && device == null) {
      return skipped(step, "there is no device", limit);
    }
    double most = Math.max(limit, Math.min(left, least));
    if (most < least) {
      return skipped(step, "no time was left of " + OutcomeReader.seconds(seconds) + " s", limit);
    }
    progress.accept(step.name() + ", " + OutcomeReader.seconds(most) + " s at most");
    List<String> arguments = new ArrayList<>(step.arguments());
    if (step.kind() == GpuStep.Kind.CHECK || step.kind() == GpuStep.Kind.SUITE) {
      double share = step.kind() == GpuStep.Kind.CHECK ? CHECK_SHARE : SUITE_SHARE;
      arguments.addAll(List.of("--budget", OutcomeReader.seconds(most * share)));
    }
    Path log = logs.resolve(step.name().replace(' ', '-').replace('/', '-'));
    return OutcomeReader.read(step, StepProcess.run(launcher, arguments, log, most), most);
  }

  private static StepOutcome skipped(GpuStep step, String why, double limit) {
    String command = "foretoken " + String.join(" ", step.arguments());
    return new StepOutcome(
        step.name(), command, StepOutcome.SKIPPED, why, 0, limit, List.of(), List.of(), null);
  }

  /** Writes what {@code --gemm auto} goes by, where roads could be compared. */
  private static GpuReport.Roads table(StepOutcome outcome, String device) {
    if (outcome.result() == null) {
      return null;
    }
    try {
      SuiteResult run = SuiteResult.parse(outcome.result().toString());
      Map<GemmShape, GemmRoad> fastest = MeasuredRoads.of(run);
      if (fastest.isEmpty()) {
        return null;
      }
      Path file = GemmTable.fileOf(device);
      String about = "fastest road by product, measured " + run.time() + ", commit " + run.commit();
      GemmTable.write(file, about + ", " + device, fastest);
      return GpuReport.Roads.of(file, fastest);
    } catch (JsonProcessingException e) {
      return null; // the step itself has failed with it
    }
  }
}
