package org.foretoken.cli;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;
import org.foretoken.cli.graph.GraphFile;
import org.foretoken.cli.graph.GraphProgram;
import org.foretoken.cli.graph.TensorSummary;
import org.foretoken.cli.metrics.MetricsJson;
import org.foretoken.cli.text.Columns;
import org.foretoken.cli.text.Numbers;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.GraphPicture;
import org.foretoken.kernels.graph.GraphTrace;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.reference.GraphComparison;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken run}: runs a task graph from a YAML file. */
@Command(
    name = "run",
    sortOptions = false,
    description = "Runs a task graph, and shows its outputs, the time of each task and the memory.",
    footer = {
      "",
      "Examples:",
      "  foretoken run fp8-linear                     a graph of configs/graphs",
      "  foretoken run my.yaml --device emulator      your own, on the emulator",
      "  foretoken run mtp-train-step --trace t.json --picture plan.svg"
    })
final class RunCommand extends ForetokenCommand {
  /**
   * Time of one operation.
   *
   * @param task label
   * @param operation its name
   * @param nanos nanoseconds; 0 on a device that does not time single tasks
   */
  record Task(String task, String operation, long nanos) {}

  /** What a run found, as JSON has it. */
  record Result(
      String graph,
      String device,
      String description,
      List<TensorSummary> outputs,
      List<Task> tasks,
      long totalNanos,
      long residentBytes,
      long peakBytes,
      long bytesWithoutReuse) {}

  @Parameters(
      paramLabel = "GRAPH",
      description = "YAML file, or name of a graph in configs/graphs.")
  private String graph;

  @Option(names = "--device", paramLabel = "D", description = Devices.HELP)
  private String device = Devices.DEFAULT;

  @Mixin private GpuOptions gpu;

  @Option(
      names = "--trace",
      paramLabel = "FILE",
      description = "Write the tasks' times as Chrome trace JSON.")
  private Path trace;

  @Option(
      names = "--picture",
      paramLabel = "FILE",
      description = "Write the plan, tasks and memory map, as SVG.")
  private Path picture;

  @Option(
      names = "--warmup",
      paramLabel = "N",
      description = "Runs before the one that counts (default: ${DEFAULT-VALUE}).")
  private int warmup;

  @Option(
      names = "--tasks",
      description =
          "Time tasks one by one, each in a graph of its own, on a device that times whole graphs"
              + " only; --trace and --picture do so too.")
  private boolean tasks;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    if (warmup < 0 || warmup > 1_000_000) {
      throw wrong("--warmup: expected 0 to 1000000, found " + warmup);
    }
    GraphProgram program = GraphFile.load(graph);
    try (Backend backend = gpu.open(device, true)) {
      Executable executable = backend.compile(program.graph());
      for (int i = 0; i < warmup; i++) {
        program.upload(backend);
        executable.run();
      }
      program.upload(backend);
      long start = System.nanoTime();
      executable.run();
      long total = System.nanoTime() - start;
      long[] nanos = nodeNanos(program, executable);
      Result result = result(program, backend, executable, nanos, total);
      if (json) {
        out().println(MetricsJson.line(result));
      } else {
        print(program.graph(), result);
      }
      writeFiles(executable, nanos, backend.name());
      return 0;
    }
  }

  private long[] nodeNanos(GraphProgram program, Executable executable) {
    long[] nanos = executable.nodeNanos();
    boolean timed = LongStream.of(nanos).anyMatch(n -> n > 0);
    boolean wanted = tasks || trace != null || picture != null;
    return timed || !wanted
        ? nanos
        : GraphComparison.times(program.graph(), () -> gpu.open(device, true), 2, program::fill);
  }

  private static Result result(
      GraphProgram program, Backend backend, Executable executable, long[] nanos, long total) {
    Graph graph = program.graph();
    return new Result(
        graph.name(),
        backend.name(),
        backend.description(),
        program.outputs().stream().map(t -> TensorSummary.of(t, backend)).toList(),
        graph.nodes().stream().map(n -> task(n, nanos[n.index()])).toList(),
        total,
        graph.tensors().stream().filter(t -> t.role().resident()).mapToLong(Tensor::bytes).sum(),
        executable.memoryPlan().peakBytes(),
        executable.memoryPlan().bytesWithoutReuse());
  }

  private static Task task(Node node, long nanos) {
    return new Task(node.label(), node.op().name(), nanos);
  }

  private void print(Graph graph, Result r) {
    out().println("device   " + r.description());
    out()
        .println(
            "graph    "
                + graph.name()
                + ": "
                + graph.nodes().size()
                + " tasks, "
                + graph.tensors().size()
                + " tensors");
    out()
        .println(
            "memory   "
                + Numbers.bytes(r.residentBytes())
                + " resident, transients "
                + Numbers.bytes(r.peakBytes())
                + " at the peak, "
                + Numbers.bytes(r.bytesWithoutReuse())
                + " without reuse");
    long timed = r.tasks().stream().mapToLong(Task::nanos).sum();
    out()
        .println(
            "time     "
                + millis(r.totalNanos())
                + (timed == 0
                    ? " (this device times whole graphs; --tasks times them one by one)"
                    : ""));
    out().println();
    if (timed > 0) {
      Columns tasks = new Columns("task", "operation", ">ms", ">share");
      for (Task t : r.tasks()) {
        tasks.row(
            t.task(),
            t.operation(),
            Numbers.fixed(t.nanos() / 1e6, 3),
            Numbers.percent((double) t.nanos() / timed));
      }
      tasks.lines().forEach(out()::println);
      out().println();
    }
    Columns outputs = new Columns("output", "dtype", "shape", ">mean", ">amax", "first values");
    for (TensorSummary s : r.outputs()) {
      outputs.row(
          s.name(),
          s.dtype(),
          s.shape().toString().replace(" ", ""),
          String.format(Locale.ROOT, "%.4g", s.mean()),
          String.format(Locale.ROOT, "%.4g", s.amax()),
          String.join(" ", s.first())
              + (s.notFinite() > 0 ? " (" + s.notFinite() + " not finite)" : ""));
    }
    outputs.lines().forEach(out()::println);
  }

  private static String millis(long nanos) {
    return Numbers.fixed(nanos / 1e6, 3) + " ms";
  }

  private void writeFiles(Executable executable, long[] nanos, String name) throws IOException {
    if (trace != null) {
      try (BufferedWriter out = Files.newBufferedWriter(trace)) {
        if (Arrays.equals(nanos, executable.nodeNanos())) {
          GraphTrace.write(executable.graph(), executable.nodeSlots(), name, out);
        } else {
          GraphTrace.write(executable.graph(), nanos, name, out);
        }
      }
      err().println("trace written to " + trace + "; open it in https://ui.perfetto.dev");
    }
    if (picture != null) {
      Files.writeString(
          picture, GraphPicture.svg(executable.graph(), executable.memoryPlan(), nanos));
      err().println("picture written to " + picture);
    }
  }
}
