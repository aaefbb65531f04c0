package org.foretoken.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.cli.metrics.RunHistory;
import org.foretoken.cli.report.ComparisonReport;
import org.foretoken.cli.report.HtmlReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken report}: writes the page of a run anew, or one page that compares several. */
@Command(
    name = "report",
    sortOptions = false,
    description =
        "Writes report.html of a run from its metrics.jsonl; of several runs, one page with their"
            + " curves over each other.")
final class ReportCommand extends ForetokenCommand {
  private static final Path COMPARISON = Path.of("runs", "comparison.html");

  @Parameters(paramLabel = "DIR", arity = "1..*", description = "Folders of runs.")
  private List<Path> folders;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "The page of several runs (default: runs/comparison.html).")
  private Path out;

  @Override
  public Integer call() {
    if (folders.size() == 1) {
      if (out != null) {
        throw wrong("--out: expected two runs or more beside it, found one, whose page is its own");
      }
      Path folder = folders.getFirst();
      out().println(HtmlReport.write(folder, RunHistory.read(folder)));
      return 0;
    }
    List<ComparisonReport.Entry> runs = new ArrayList<>();
    for (Path folder : folders) {
      runs.add(new ComparisonReport.Entry(folder.toString(), RunHistory.read(folder)));
    }
    out().println(ComparisonReport.write(out == null ? COMPARISON : out, runs));
    return 0;
  }
}
