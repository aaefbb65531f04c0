package org.foretoken.cli;

import java.nio.file.Path;
import org.foretoken.cli.metrics.RunHistory;
import org.foretoken.cli.report.HtmlReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code foretoken report}: writes a run's report anew, also of a run that is still going. */
@Command(
    name = "report",
    sortOptions = false,
    description = "Writes report.html of a run from its metrics.jsonl.")
final class ReportCommand extends ForetokenCommand {
  @Parameters(paramLabel = "DIR", description = "Folder of the run.")
  private Path folder;

  @Override
  public Integer call() {
    out().println(HtmlReport.write(folder, RunHistory.read(folder)));
    return 0;
  }
}
