package org.foretoken.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.cli.experiment.ExperimentFile;
import org.foretoken.cli.report.ExperimentReport;
import org.foretoken.cli.text.Columns;
import org.foretoken.cli.text.Numbers;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.model.experiment.Findings;
import org.foretoken.model.experiment.Results;
import org.foretoken.model.experiment.ResultsFile;
import org.foretoken.model.experiment.Sweep;
import org.foretoken.model.experiment.Verdict;
import org.foretoken.model.experiment.Workspace;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken experiment}: tests a claim of the chapter, or goes on testing it. */
@Command(
    name = "experiment",
    sortOptions = false,
    description =
        "Tests a claim about multi-token prediction or FP8, with a control that must fail, and"
            + " writes a page about it. An interrupted sweep goes on where it stopped.",
    footer = {
      "",
      "Examples:",
      "  foretoken experiment --list                 all of them, with what they cost",
      "  foretoken experiment accumulation --quick   a look in less than two minutes",
      "  foretoken experiment loss-parity --seeds 8  in full"
    })
final class ExperimentCommand extends ForetokenCommand {
  private static final int LEAST_SEEDS = 2;
  private static final int MOST_SEEDS = 1000;
  private static final String SUMMARY = "summary.json";

  @Parameters(paramLabel = "NAME", arity = "0..1", description = "Which experiment.")
  private String name;

  @Option(names = "--list", description = "List all experiments.")
  private boolean list;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description = "Seeds of every arm, at least 2, for there to be an interval.")
  private Integer seeds;

  @Option(names = "--quick", description = "Small sizes: less than two minutes on two cores.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Folder of results and page (default: runs/experiments/<name>).")
  private Path out;

  @Option(names = "--device", paramLabel = "D", description = Devices.HELP)
  private String device = Devices.DEFAULT;

  @Option(names = "--json", description = "Print one JSON object on standard output.")
  private boolean json;

  @Override
  public Integer call() {
    if (list) {
      if (name != null) {
        throw wrong("--list: expected no name beside it, found '" + name + "'");
      }
      printList();
      return 0;
    }
    if (name == null) {
      throw wrong(
          "experiment: expected a name, found none; one of "
              + String.join(", ", ExperimentFile.names())
              + ", or --list");
    }
    if (seeds != null && (seeds < LEAST_SEEDS || seeds > MOST_SEEDS)) {
      throw wrong(
          "--seeds: expected "
              + LEAST_SEEDS
              + " to "
              + MOST_SEEDS
              + ", since an interval over seeds needs at least two of them, found "
              + seeds);
    }
    ExperimentFile file = ExperimentFile.load(name, quick);
    run(file, seeds == null ? file.seeds() : seeds);
    return 0;
  }

  private void printList() {
    if (json) {
      ArrayNode all = Json.MAPPER.createArrayNode();
      for (String each : ExperimentFile.names()) {
        ExperimentFile file = ExperimentFile.load(each, false);
        ObjectNode node = all.addObject();
        node.put("name", file.name());
        node.put("section", file.section());
        node.put("title", file.title());
        node.put("claim", file.claim());
        node.put("source", file.source());
        node.put("page", file.page());
        node.put("seeds", file.seeds());
        node.put("minutes", file.minutes());
        node.put("quick_minutes", ExperimentFile.load(each, true).minutes());
      }
      out().println(all);
      return;
    }
    Columns rows = new Columns("name", "section", ">quick", ">full", "claim");
    for (String each : ExperimentFile.names()) {
      ExperimentFile file = ExperimentFile.load(each, false);
      rows.row(
          each,
          file.section(),
          minutes(ExperimentFile.load(each, true).minutes()),
          minutes(file.minutes()),
          file.title());
    }
    rows.lines().forEach(out()::println);
  }

  private static String minutes(double minutes) {
    return minutes < 1
        ? Math.max(1, Math.round(60 * minutes)) + " s"
        : Numbers.fixed(minutes, minutes < 10 ? 1 : 0) + " min";
  }

  private void run(ExperimentFile file, int wanted) {
    Path folder =
        out != null ? out : Path.of("runs", "experiments", quick ? name + "-quick" : name);
    Results results = new Results();
    ResultsFile kept = ResultsFile.open(folder, name, file.experiment(), results);
    int runs = wanted * file.experiment().arms().size();
    int before = results.runs().size();
    double cost = file.minutes() * wanted / file.seeds();
    err()
        .println(
            name
                + ": up to "
                + Numbers.count(runs)
                + " runs, about "
                + minutes(cost)
                + " on one core"
                + (before > 0 ? "; " + Numbers.count(before) + " are in " + folder : ""));
    String commit = BuildInfo.commit().orElse("");
    long started = System.nanoTime();
    Workspace workspace = new Workspace(() -> Devices.open(device), share -> {});
    Sweep.run(
        file.experiment(), wanted, results, workspace, commit, new Watcher(kept, runs, before));
    finish(file, folder, results, (System.nanoTime() - started) * 1e-9);
  }

  /** Keeps every run, and says how far the sweep is about twenty times. */
  private final class Watcher implements Sweep.Listener {
    private final ResultsFile kept;
    private final int runs;
    private final int before;
    private final long started = System.nanoTime();
    private int made;

    Watcher(ResultsFile kept, int runs, int before) {
      this.kept = kept;
      this.runs = runs;
      this.before = before;
    }

    @Override
    public void finished(Results.Run run) {
      kept.append(run);
      made++;
      int left = Math.max(0, runs - before - made);
      int every = Math.max(1, (runs - before) / 20);
      if (made % every == 0 || left == 0) {
        double each = (System.nanoTime() - started) * 1e-9 / made;
        err()
            .println(
                "run "
                    + (before + made)
                    + "/"
                    + runs
                    + "  "
                    + run.arm()
                    + ", seed "
                    + run.seed()
                    + "  at most "
                    + Numbers.duration(each * left)
                    + " left");
      }
    }
  }

  private void finish(ExperimentFile file, Path folder, Results results, double seconds) {
    Findings findings = file.experiment().conclude(results);
    Path page = ExperimentReport.write(folder, about(file, results), findings);
    ObjectNode summary = Json.object();
    summary.put("experiment", name);
    summary.put("quick", quick);
    summary.put("verdict", findings.verdict().name().toLowerCase(java.util.Locale.ROOT));
    summary.put("words", findings.words());
    summary.put("decider", findings.decider());
    summary.put("controls_failed", findings.controlsFailed());
    ArrayNode controls = summary.putArray("controls");
    for (Findings.Control control : findings.controls()) {
      controls
          .addObject()
          .put("what", control.what())
          .put("failed", control.failed())
          .put("words", control.words());
    }
    findings.numbers().forEach((key, value) -> summary.set(key, Json.MAPPER.valueToTree(value)));
    summary.set("facts", Json.MAPPER.valueToTree(facts(results)));
    try {
      Files.writeString(
          folder.resolve(SUMMARY),
          Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(summary) + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    summary.put("seconds", seconds);
    summary.put("results", folder.resolve(ResultsFile.NAME).toString());
    summary.put("report", page.toString());
    if (json) {
      out().println(summary);
      return;
    }
    out().println(file.title() + ": " + findings.verdict().words());
    out().println(findings.words());
    out().println(findings.decider());
    for (Findings.Control control : findings.controls()) {
      out()
          .println(
              "control: "
                  + control.what()
                  + (control.failed() ? ": it failed, " : ": IT DID NOT FAIL, ")
                  + control.words());
    }
    if (findings.verdict() == Verdict.HOLDS && quick) {
      out().println("(a quick look; without --quick it runs in full)");
    }
    out().println(page);
  }

  private ExperimentReport.About about(ExperimentFile file, Results results) {
    return new ExperimentReport.About(
        file.name(),
        file.section(),
        file.title(),
        file.claim(),
        file.source(),
        file.setup(),
        file.control(),
        facts(results));
  }

  private Map<String, String> facts(Results results) {
    Map<String, String> facts = new LinkedHashMap<>();
    long most = results.runs().stream().mapToLong(Results.Run::seed).max().orElse(0);
    facts.put(
        "Command",
        "./foretoken experiment " + name + (quick ? " --quick" : "") + " --seeds " + most);
    facts.put("Seeds", "1 to " + most);
    List<String> commits =
        results.runs().stream()
            .map(r -> r.commit().isEmpty() ? "not known" : r.commit())
            .distinct()
            .toList();
    facts.put("Commit", String.join(", ", commits));
    try (Backend backend = Devices.open(device)) {
      facts.put("Machine", MachineInfo.oneLine() + "; " + backend.description());
    }
    facts.put("JDK", Runtime.version().toString());
    double sum = results.runs().stream().mapToDouble(Results.Run::seconds).sum();
    facts.put(
        "Runs", Numbers.count(results.runs().size()) + ", " + Numbers.duration(sum) + " in all");
    return facts;
  }
}
