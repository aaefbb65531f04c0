package org.foretoken.bench.result;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.bench.suite.SuiteFile;
import org.foretoken.cli.report.Html;
import org.foretoken.cli.text.Numbers;

/** A run on one page, with everything in the file itself. */
public final class HtmlPage {
  private static final String STYLE =
      """
      body { margin: 0 auto; max-width: 1040px; padding: 32px 20px; color: #1b1d21;
        font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
      h1 { font-size: 28px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 32px 0 4px; }
      p { color: #5d636e; max-width: 80ch; margin: 4px 0 12px; }
      .scroll { overflow-x: auto; } svg { max-width: 100%; height: auto; }
      table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; }
      th, td { padding: 5px 12px 5px 0; border-bottom: 1px solid #e3e4e6; text-align: right;
        white-space: nowrap; }
      th:first-child { text-align: left; font-weight: 400; white-space: normal; min-width: 18em; }
      thead th { color: #5d636e; font-weight: 400; }
      """;

  private final StringBuilder out = new StringBuilder();

  private HtmlPage() {}

  /**
   * Writes the page of a run.
   *
   * @param suite what was asked for, with the expected orders
   * @param history earlier runs and this one
   */
  public static void write(Path file, SuiteResult run, SuiteFile suite, List<SuiteResult> history)
      throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, new HtmlPage().page(run, suite, history));
  }

  private String page(SuiteResult run, SuiteFile suite, List<SuiteResult> history) {
    String title = Html.escape(run.suite());
    out.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    out.append(title).append(" - Foretoken benchmarks</title>\n<style>\n").append(STYLE);
    out.append("</style>\n</head>\n<body>\n<h1>").append(title).append("</h1>\n");
    paragraph(run.about());
    paragraph(
        run.time()
            + ", commit "
            + run.commit()
            + ", "
            + run.machine().oneLine()
            + (run.fmaGflops() == null
                ? ""
                : "; FMA peak " + Numbers.fixed(run.fmaGflops(), 0) + " GFLOP/s"));
    table(run);
    List<String> notes = ResultTable.notes(run);
    notes.forEach(this::paragraph);
    out.append("<h2>Plots</h2>\n");
    plots(run, suite, history);
    return out.append("</body>\n</html>\n").toString();
  }

  private void paragraph(String text) {
    out.append("<p>").append(Html.escape(text)).append("</p>\n");
  }

  private void table(SuiteResult run) {
    out.append("<div class=\"scroll\"><table>\n").append(Html.head(ResultTable.headings()));
    out.append("<tbody>\n");
    for (CaseResult c : run.cases()) {
      ResultTable.cells(c).forEach(row -> out.append(Html.row(row)));
    }
    out.append("</tbody></table></div>\n");
  }

  private void plots(SuiteResult run, SuiteFile suite, List<SuiteResult> history) {
    List<String> plots = new ArrayList<>();
    try {
      plots.add(Plots.rates(run, true));
      plots.add(Plots.rates(run, false));
      for (int i = 0; i < suite.cases().size(); i++) {
        SuiteFile.Group group = suite.cases().get(i);
        int index = i;
        List<CaseResult> cases = run.cases().stream().filter(c -> c.group() == index).toList();
        group
            .order()
            .filter(o -> o.values().size() == cases.size())
            .ifPresent(
                o ->
                    plots.add(
                        Plots.scaling(o, group.op().label() + " against " + o.axis(), cases)));
      }
      plots.add(Plots.history(history));
    } catch (LinkageError | RuntimeException e) {
      // Drawing measures text with the system's fonts, and a bare server may have none.
      paragraph("No plots: this Java finds no fonts (" + e + ").");
    }
    plots.forEach(out::append);
  }
}
