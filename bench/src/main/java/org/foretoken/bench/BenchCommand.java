package org.foretoken.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.foretoken.bench.result.HtmlPage;
import org.foretoken.bench.result.Orders;
import org.foretoken.bench.result.Regression;
import org.foretoken.bench.result.ResultTable;
import org.foretoken.bench.result.SuiteResult;
import org.foretoken.bench.suite.Suite;
import org.foretoken.bench.suite.Suites;
import org.foretoken.cli.ForetokenCommand;
import org.foretoken.cli.text.Numbers;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken bench}: runs a suite of benchmarks beside its peers. */
@Command(
    name = "bench",
    sortOptions = false,
    description =
        "Runs a benchmark suite from configs/bench, or a YAML file: every case is checked, then"
            + " timed in turns with its peers. Exit code 1 where a case fails or has become slower.")
public final class BenchCommand extends ForetokenCommand {
  private static final int MOST_LAUNCHES = 1000;

  @Parameters(
      arity = "0..1",
      paramLabel = "SUITE",
      description = "Name of a suite, or a YAML file.")
  private String suiteName;

  @Option(names = "--list", description = "List the suites, or the cases of SUITE, and leave.")
  private boolean list;

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      description = "Run the cases whose name contains TEXT.")
  private String only = "";

  @Option(names = "--json", description = "Print one JSON object instead of the table.")
  private boolean json;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Write SUITE.json and SUITE.html to DIR (default: runs/bench).")
  private Path out;

  @Option(
      names = "--record",
      description = "Add the run to the history in bench/results/SUITE.jsonl.")
  private boolean record;

  @Option(
      names = "--against",
      paramLabel = "FILE",
      description = "Compare with the last run in FILE (.json or .jsonl); exit code 1 if slower.")
  private Path against;

  @Option(
      names = "--launches",
      paramLabel = "N",
      description = "Run the suite in N fresh JVMs, and show the worst launch beside the median.")
  private int launches = 1;

  @Option(
      names = "--budget",
      paramLabel = "SECONDS",
      description = "Measure nothing more after so long; cases that are left are named.")
  private double budget;

  @Option(
      names = "--checkpoint",
      paramLabel = "DIR",
      description = "Trained weights for the decoding cases, instead of the initial ones.")
  private Path checkpoint;

  @Option(
      names = "--jmh",
      paramLabel = "PATTERN",
      description = "Run the JMH micro-benchmarks whose name matches PATTERN instead of a suite.")
  private String jmh;

  @Override
  public Integer call() throws Exception {
    if (jmh != null) {
      return MicroBenchmarks.run(jmh, list);
    }
    if (suiteName == null) {
      if (list) {
        list();
        return 0;
      }
      throw wrong("bench: expected a suite (" + String.join(", ", Suites.names()) + ") or --list");
    }
    Suite suite = Suites.load(suiteName);
    if (list) {
      suite.cases().forEach(c -> out().println(c.id()));
      return 0;
    }
    if (launches < 1 || launches > MOST_LAUNCHES) {
      throw wrong("--launches: expected 1 to " + MOST_LAUNCHES + ", found " + launches);
    }
    if (!(budget >= 0)) {
      throw wrong("--budget: expected seconds, or 0 for no limit, found " + budget);
    }
    if (against != null && !Files.isRegularFile(against)) {
      throw wrong("--against: expected results of 'foretoken bench', found no file " + against);
    }
    return launches > 1 ? launches() : run(suite);
  }

  private void list() {
    for (String name : Suites.names()) {
      Suite suite = Suites.load(name);
      out().println(name + ": " + suite.file().about() + " (" + suite.cases().size() + " cases)");
    }
  }

  private int run(Suite suite) throws IOException {
    SuiteRunner runner =
        new SuiteRunner(
            suite, Optional.ofNullable(checkpoint), budget, id -> err().println("  " + id));
    SuiteResult result = runner.run(only);
    List<SuiteResult> history = history(result);
    if (json) {
      out().println(result.json());
    } else {
      print(suite, result);
    }
    write(suite, result, history);
    boolean failed = result.cases().stream().anyMatch(c -> !c.ok());
    boolean slower = against != null && compare(result);
    return failed || slower ? 1 : 0;
  }

  private void print(Suite suite, SuiteResult r) {
    out().println(r.suite() + ": " + r.about());
    out().println("machine  " + r.machine().oneLine());
    out().println("commit   " + r.commit());
    if (r.fmaGflops() != null) {
      out().println("ceiling  " + Numbers.fixed(r.fmaGflops(), 1) + " GFLOP/s FP32 FMA");
    }
    out().println();
    ResultTable.lines(r).forEach(out()::println);
    List<String> orders = Orders.lines(r, suite.file());
    List<String> notes = ResultTable.notes(r);
    if (!orders.isEmpty() || !notes.isEmpty()) {
      out().println();
    }
    orders.forEach(out()::println);
    notes.forEach(out()::println);
  }

  private static Path historyFile(String suite) {
    return Path.of(System.getProperty("foretoken.home", "."))
        .resolve("bench/results/" + suite + ".jsonl");
  }

  private List<SuiteResult> history(SuiteResult result) throws IOException {
    Path file = historyFile(result.suite());
    List<SuiteResult> runs = new ArrayList<>();
    if (Files.isRegularFile(file)) {
      SuiteResult.history(file).stream()
          .filter(r -> r.machine().comparable(result.machine()))
          .forEach(runs::add);
    }
    runs.add(result);
    if (record) {
      result.append(file);
      err().println("added to " + file);
    }
    return runs;
  }

  private void write(Suite suite, SuiteResult result, List<SuiteResult> history)
      throws IOException {
    if (out == null && json) {
      return;
    }
    Path folder = out == null ? Path.of("runs", "bench") : out;
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(result.suite() + ".json"), result.json() + "\n");
    Path page = folder.resolve(result.suite() + ".html");
    HtmlPage.write(page, result, suite.file(), history);
    err().println("written to " + page);
  }

  private boolean compare(SuiteResult result) {
    List<Regression> slower = Regression.between(result, against);
    for (Regression r : slower) {
      err()
          .println(
              "slower: "
                  + r.id()
                  + ": "
                  + ResultTable.time(r.beforeNs())
                  + " before, "
                  + ResultTable.time(r.nowNs())
                  + " now, "
                  + Numbers.fixed(r.factor(), 2)
                  + "x where the spread allows "
                  + Numbers.fixed(1 + r.allowed(), 2)
                  + "x");
    }
    if (slower.isEmpty()) {
      err().println("no case is slower than in " + against + " by more than the spread");
    }
    return !slower.isEmpty();
  }

  private int launches() throws IOException, InterruptedException {
    Launches runs = new Launches(suiteName, only, launches, err());
    runs.lines(runs.run()).forEach(out()::println);
    return 0;
  }
}
