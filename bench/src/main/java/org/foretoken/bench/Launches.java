package org.foretoken.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.bench.measure.Samples;
import org.foretoken.bench.result.CaseResult;
import org.foretoken.bench.result.ResultTable;
import org.foretoken.bench.result.SuiteResult;
import org.foretoken.cli.text.Columns;
import org.foretoken.cli.text.Numbers;

/**
 * A suite in several JVMs, one after the other: what the JIT compiler makes of a kernel may depend
 * on the launch, and a median within one launch does not show it.
 */
final class Launches {
  private final String suite;
  private final String only;
  private final int count;
  private final PrintWriter progress;

  Launches(String suite, String only, int count, PrintWriter progress) {
    this.suite = suite;
    this.only = only;
    this.count = count;
    this.progress = progress;
  }

  /** Runs all launches. */
  List<SuiteResult> run() throws IOException, InterruptedException {
    List<SuiteResult> runs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      progress.println("launch " + (i + 1) + " of " + count);
      runs.add(launch());
    }
    return runs;
  }

  private SuiteResult launch() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of("org.foretoken.cli.Main", "bench", suite, "--json", "--only", only));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String json = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    if (json.isBlank()) {
      throw new IllegalStateException("bench: a launch ended with code " + code + " and no result");
    }
    return SuiteResult.parse(json);
  }

  /** Worst and median launch of every case. */
  List<String> lines(List<SuiteResult> runs) {
    Map<String, List<Double>> nanos = new LinkedHashMap<>();
    for (SuiteResult run : runs) {
      for (CaseResult c : run.cases()) {
        if (c.ok()) {
          nanos.computeIfAbsent(c.id(), _ -> new ArrayList<>()).add(c.medianNs());
        }
      }
    }
    Columns table = new Columns("case", ">launches", ">median", ">worst", ">worst over median");
    double worst = 1;
    for (Map.Entry<String, List<Double>> e : nanos.entrySet()) {
      Samples s = new Samples(e.getValue().stream().mapToDouble(v -> v).toArray());
      double over = s.max() / s.median();
      worst = Math.max(worst, over);
      table.row(
          e.getKey(),
          Integer.toString(e.getValue().size()),
          ResultTable.time(s.median()),
          ResultTable.time(s.max()),
          Numbers.fixed(over, 3));
    }
    List<String> lines = new ArrayList<>(table.lines());
    lines.add("");
    lines.add("worst launch over median launch: " + Numbers.fixed(worst, 3));
    return lines;
  }
}
