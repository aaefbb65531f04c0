package org.foretoken.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import org.foretoken.model.experiment.Figure;
import org.foretoken.model.experiment.Findings;
import org.foretoken.model.experiment.Verdict;

/** Writes an experiment's page, with everything in the file itself, and its figures as SVG. */
public final class ExperimentReport {
  /**
   * What stands around the findings.
   *
   * @param name the experiment's name
   * @param section the chapter's section
   * @param title the claim in a few words
   * @param claim what is claimed
   * @param source who claims it
   * @param setup what was done
   * @param control what had to fail
   * @param facts how it was made, by name: seeds, commit, machine, command
   */
  public record About(
      String name,
      String section,
      String title,
      String claim,
      String source,
      String setup,
      String control,
      Map<String, String> facts) {}

  private final About about;
  private final Findings findings;
  private final StringBuilder out = new StringBuilder();

  private ExperimentReport(About about, Findings findings) {
    this.about = about;
    this.findings = findings;
  }

  /** Writes page and figures to a folder; returns the page. */
  public static Path write(Path folder, About about, Findings findings) {
    try {
      int number = 0;
      for (Figure figure : findings.figures()) {
        if (!(figure instanceof Figure.Table)) {
          number++;
          String svg = Drawing.alone(figure, resource("figure.css"));
          Files.writeString(folder.resolve("figure-" + number + ".svg"), svg);
        }
      }
      Path file = folder.resolve(HtmlReport.NAME);
      Path fresh = folder.resolve("." + HtmlReport.NAME);
      Files.writeString(fresh, html(about, findings));
      return Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "'" + folder + "' cannot be written to (" + e.getMessage() + ")", e);
    }
  }

  /** The page. */
  static String html(About about, Findings findings) {
    ExperimentReport report = new ExperimentReport(about, findings);
    report.page();
    return report.out.toString();
  }

  private static String resource(String name) {
    try (InputStream in = ExperimentReport.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the program's jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A page's beginning, up to what stands in {@code main}. */
  static String head(String title) {
    return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
        + Html.escape(title)
        + " – Foretoken</title>\n<style>\n"
        + resource("report.css")
        + resource("figure.css")
        + "</style>\n</head>\n<body>\n<main>\n";
  }

  private void page() {
    out.append(head(about.title()));
    out.append("<p class=\"kind\">Foretoken experiment ");
    out.append(Html.escape(about.name() + ", section " + about.section())).append("</p>\n<h1>");
    out.append(Html.escape(about.title())).append("</h1>\n");
    verdict();
    heading("Claim", about.claim());
    out.append("<p class=\"source\">").append(Html.escape(about.source())).append("</p>\n");
    heading("Set-up", about.setup());
    out.append("<h2>What was seen</h2>\n<p>Bars are 95% Student t intervals of the mean over");
    out.append(" seeds; arms of one seed share data and initial weights.</p>\n");
    findings.figures().forEach(f -> figure(f, out));
    heading("The control", about.control());
    out.append("<div class=\"scroll\"><table class=\"controls\"><tbody>\n");
    for (Findings.Control control : findings.controls()) {
      out.append("<tr><th scope=\"row\">").append(Html.escape(control.what()));
      out.append("</th><td class=\"text\">");
      out.append(control.failed() ? "failed, as it had to: " : "DID NOT FAIL: ");
      out.append(Html.escape(control.words())).append("</td></tr>\n");
    }
    out.append("</tbody></table></div>\n<h2>How it was made</h2>\n");
    out.append("<div class=\"scroll\"><table><tbody>\n");
    about
        .facts()
        .forEach(
            (name, value) -> {
              out.append("<tr><th scope=\"row\">").append(Html.escape(name));
              out.append("</th><td class=\"text\">").append(Html.escape(value));
              out.append("</td></tr>\n");
            });
    out.append("</tbody></table></div>\n</main>\n</body>\n</html>\n");
  }

  private void verdict() {
    boolean sound = findings.controlsFailed();
    String style =
        findings.verdict() == Verdict.HOLDS
            ? "holds"
            : findings.verdict() == Verdict.DOES_NOT_HOLD ? "fails" : "open";
    out.append("<div class=\"verdict ").append(style).append("\"><b>");
    out.append(Html.escape(findings.verdict().words())).append("</b>");
    out.append(sound ? "" : " <b>(the control did not fail)</b>");
    out.append("<p>").append(Html.escape(findings.words())).append("</p><p class=\"decider\">");
    out.append(Html.escape(findings.decider())).append("</p></div>\n");
  }

  private void heading(String title, String text) {
    out.append("<h2>").append(title).append("</h2>\n<p>").append(Html.escape(text));
    out.append("</p>\n");
  }

  /** A figure with its title and legend, or a table. */
  static void figure(Figure figure, StringBuilder out) {
    if (figure instanceof Figure.Table table) {
      out.append("<h3>").append(Html.escape(table.title())).append("</h3>\n");
      out.append("<div class=\"scroll\"><table>\n").append(Html.head(table.headings()));
      out.append("<tbody>\n");
      table.rows().forEach(row -> out.append(Html.row(row)));
      out.append("</tbody></table></div>\n");
      return;
    }
    out.append("<figure class=\"wide\"><figcaption><b>").append(Html.escape(figure.title()));
    out.append("</b>");
    List<String> names = Drawing.legend(figure);
    for (int i = 0; i < names.size(); i++) {
      out.append("<span class=\"key ").append(Drawing.colour(i)).append("\">");
      out.append(Html.escape(names.get(i))).append("</span>");
    }
    out.append("</figcaption>\n").append(Drawing.svg(figure)).append("</figure>\n");
  }
}
