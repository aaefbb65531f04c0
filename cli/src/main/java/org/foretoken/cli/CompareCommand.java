package org.foretoken.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.foretoken.cli.graph.GraphFile;
import org.foretoken.cli.graph.GraphProgram;
import org.foretoken.cli.metrics.MetricsJson;
import org.foretoken.cli.text.Columns;
import org.foretoken.cli.text.Numbers;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.reference.GraphComparison;
import org.foretoken.kernels.reference.GraphComparison.Output;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken compare}: runs a task graph in two places, task by task. */
@Command(
    name = "compare",
    sortOptions = false,
    description =
        "Runs each task of a graph on two devices and compares what it writes and how long it"
            + " takes; exit code 1 where they disagree.",
    footer = {"", "Example:", "  foretoken compare fp8-linear --devices reference,host"})
final class CompareCommand extends ForetokenCommand {
  /**
   * One written tensor, as JSON has it.
   *
   * @param name name of the tensor
   * @param task label of the task that wrote it
   * @param diff 1 - 2 sum(xy) / (sum(xx) + sum(yy))
   * @param maxError largest |x - y| over the largest |x|
   * @param maxUlp largest distance of two elements in units in the last place
   * @param mismatches elements that differ in any bit
   * @param allowed the bounds that the error was held to
   */
  record TensorLine(
      String name,
      String task,
      String dtype,
      List<Integer> shape,
      double diff,
      double maxError,
      long maxUlp,
      long mismatches,
      String allowed,
      boolean agree) {}

  /** One task, as JSON has it; a time for each device in the order of {@code devices}. */
  record TaskLine(String task, String operation, List<Long> nanos, boolean agree) {}

  /** The whole comparison, as JSON has it. */
  record Comparison(
      String graph,
      List<String> devices,
      List<String> descriptions,
      boolean agree,
      String firstDisagreement,
      List<TensorLine> tensors,
      List<TaskLine> tasks) {}

  @Parameters(
      paramLabel = "GRAPH",
      description = "YAML file, or name of a graph in configs/graphs.")
  private String graph;

  @Option(
      names = "--devices",
      paramLabel = "A,B",
      required = true,
      description = "The two devices; errors are those of B against A.")
  private String devices;

  @Mixin private GpuOptions gpu;

  @Option(
      names = "--inputs",
      paramLabel = "I",
      description =
          "What B's tasks read: shared (default), A's values, so that each error is one task's own;"
              + " own, its own values, so that errors add up.")
  private GraphComparison.Inputs inputs = GraphComparison.Inputs.SHARED;

  @Option(
      names = "--repeat",
      paramLabel = "N",
      description = "Runs of each task; the least time counts (default: ${DEFAULT-VALUE}).")
  private int repeat = 2;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    List<String> names = Arrays.asList(devices.split(",", -1));
    if (names.size() != 2) {
      throw wrong(
          "--devices: expected two devices such as reference,host, found '" + devices + "'");
    }
    if (repeat < 1 || repeat > 10_000) {
      throw wrong("--repeat: expected 1 to 10000, found " + repeat);
    }
    GraphProgram program = GraphFile.load(graph);
    List<String> descriptions = names.stream().map(this::description).toList();
    if (!json) {
      for (int i = 0; i < 2; i++) {
        out().println("device " + "AB".charAt(i) + "  " + descriptions.get(i));
      }
      out().flush();
    }
    List<GraphComparison.Result> results =
        GraphComparison.run(
            program.graph(),
            () -> open(names.get(1)),
            () -> open(names.get(0)),
            inputs,
            repeat,
            program::fill);
    Comparison comparison = comparison(program.graph().name(), names, descriptions, results);
    if (json) {
      out().println(MetricsJson.line(comparison));
    } else {
      print(comparison);
    }
    return comparison.agree() ? 0 : 1;
  }

  private String description(String device) {
    try (Backend backend = open(device)) {
      return backend.description();
    }
  }

  private Backend open(String device) {
    return gpu.openAmongOthers(device, true);
  }

  private static Comparison comparison(
      String graph,
      List<String> devices,
      List<String> descriptions,
      List<GraphComparison.Result> results) {
    List<TensorLine> tensors = new ArrayList<>();
    List<TaskLine> tasks = new ArrayList<>();
    for (GraphComparison.Result r : results) {
      r.outputs().forEach(o -> tensors.add(line(r, o)));
      tasks.add(
          new TaskLine(
              r.node().label(),
              r.node().op().name(),
              List.of(r.expectedNanos(), r.testedNanos()),
              r.agrees()));
    }
    Optional<GraphComparison.Result> first = results.stream().filter(r -> !r.agrees()).findFirst();
    return new Comparison(
        graph,
        devices,
        descriptions,
        first.isEmpty(),
        first.map(r -> r.node().label()).orElse(null),
        tensors,
        tasks);
  }

  private static TensorLine line(GraphComparison.Result r, Output o) {
    return new TensorLine(
        o.tensor().name(),
        r.node().label(),
        o.tensor().dtype().name().toLowerCase(java.util.Locale.ROOT),
        Arrays.stream(o.tensor().shape().dims()).boxed().toList(),
        o.error().similarity(),
        o.error().max(),
        o.ulps(),
        o.error().mismatches(),
        o.tolerance().toString(),
        o.agrees());
  }

  private void print(Comparison c) {
    out().println();
    Columns tensors =
        new Columns("task", "tensor", ">diff", ">max error", ">ulp", "allowed", "agree");
    for (TensorLine t : c.tensors()) {
      tensors.row(
          t.task(),
          t.name(),
          scientific(t.diff()),
          scientific(t.maxError()),
          t.maxUlp() == Long.MAX_VALUE ? "NaN" : Numbers.count(t.maxUlp()),
          t.allowed(),
          t.agree() ? "yes" : "NO");
    }
    tensors.lines().forEach(out()::println);
    out().println();
    Columns tasks =
        new Columns(
            "task",
            "operation",
            ">" + c.devices().get(0) + " ms",
            ">" + c.devices().get(1) + " ms");
    for (TaskLine t : c.tasks()) {
      tasks.row(t.task(), t.operation(), millis(t.nanos().get(0)), millis(t.nanos().get(1)));
    }
    long a = c.tasks().stream().mapToLong(t -> t.nanos().get(0)).sum();
    long b = c.tasks().stream().mapToLong(t -> t.nanos().get(1)).sum();
    tasks.row("total", "", millis(a), millis(b));
    tasks.lines().forEach(out()::println);
    out().println();
    if (c.agree()) {
      out().println("agree: all " + c.tasks().size() + " tasks");
      return;
    }
    long wrong = c.tasks().stream().filter(t -> !t.agree()).count();
    TensorLine first = c.tensors().stream().filter(t -> !t.agree()).findFirst().orElseThrow();
    out()
        .println(
            "DISAGREE: "
                + wrong
                + " of "
                + c.tasks().size()
                + " tasks, first '"
                + first.task()
                + "', tensor '"
                + first.name()
                + "': diff "
                + scientific(first.diff())
                + ", max error "
                + scientific(first.maxError())
                + ", allowed "
                + first.allowed());
  }

  private static String millis(long nanos) {
    return Numbers.fixed(nanos / 1e6, 3);
  }

  private static String scientific(double value) {
    return value == 0 ? "0" : String.format(java.util.Locale.ROOT, "%.1e", value);
  }
}
