package org.foretoken.cli.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.foretoken.cli.metrics.MetricsLine;
import org.foretoken.cli.metrics.RunHistory;
import org.foretoken.cli.report.LineChart.Point;
import org.foretoken.cli.text.Numbers;
import org.foretoken.model.experiment.Figure;
import org.foretoken.model.experiment.Interval;

/** Several runs on one page, their curves over each other. */
public final class ComparisonReport {
  private static final int MOST_POINTS = 200;
  private static final String NONE = "–";

  /**
   * A run.
   *
   * @param name what the page calls it: its folder
   */
  public record Entry(String name, RunHistory run) {}

  private ComparisonReport() {}

  /** Writes the page, in one move. */
  public static Path write(Path file, List<Entry> runs) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      Files.createDirectories(folder);
      Path fresh = folder.resolve("." + file.getFileName());
      Files.writeString(fresh, html(runs));
      Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "'" + file + "' cannot be written (" + e.getMessage() + "); choose another --out", e);
    }
  }

  /** The page. */
  static String html(List<Entry> runs) {
    StringBuilder out = new StringBuilder(ExperimentReport.head("Runs compared"));
    out.append("<p class=\"kind\">Foretoken training report</p>\n<h1>");
    out.append(runs.size()).append(" runs compared</h1>\n");
    out.append("<p class=\"about\">Single runs: a difference of the size that another seed would");
    out.append(" make means nothing. <code>foretoken experiment</code> compares over seeds.</p>\n");
    out.append("<h2>Results</h2>\n<div class=\"scroll\"><table>\n");
    out.append(
        Html.head(
            List.of(
                "run",
                "recipe",
                "D",
                "parameters",
                "steps",
                "held-out loss",
                "bits a byte",
                "drafts accepted",
                "tokens/s")));
    out.append("<tbody>\n");
    runs.forEach(r -> out.append(Html.row(row(r))));
    out.append("</tbody></table></div>\n<h2>Curves</h2>\n");
    plot("Training loss of the main model, smoothed, nats", runs, s -> s.lossMain(), out);
    heldOut(runs, out);
    plot("Gradient norm before clipping, smoothed", runs, s -> s.gradientNorm(), out);
    return out.append("</main>\n</body>\n</html>\n").toString();
  }

  private static List<String> row(Entry entry) {
    RunHistory run = entry.run();
    boolean evaluated = !run.evals().isEmpty();
    int steps = run.steps().isEmpty() ? 0 : run.steps().getLast().step();
    return List.of(
        entry.name(),
        run.start().config().path("train").path("recipe").asText("?").toLowerCase(Locale.ROOT),
        Integer.toString(run.start().targetsPerSequence().size() - 1),
        Numbers.rounded((double) run.start().memory().parameters()),
        Numbers.count(steps) + (run.end().isEmpty() ? " (not ended)" : ""),
        evaluated ? Numbers.fixed(run.evals().getLast().lossMain(), 3) : NONE,
        evaluated ? Numbers.fixed(run.evals().getLast().bitsPerByte(), 3) : NONE,
        run.decoding()
            .filter(d -> !d.acceptance().isEmpty())
            .map(d -> Numbers.percent(d.acceptance().getFirst()))
            .orElse(NONE),
        run.end().map(e -> Numbers.rounded(e.tokensPerSecond())).orElse(NONE));
  }

  private static void plot(
      String title, List<Entry> runs, ToDoubleFunction<MetricsLine.Step> value, StringBuilder out) {
    List<Figure.Curve> curves = new ArrayList<>();
    for (Entry entry : runs) {
      List<Point> points =
          entry.run().steps().stream()
              .map(s -> new Point(s.step(), value.applyAsDouble(s)))
              .toList();
      curves.add(new Figure.Curve(entry.name(), thinned(LineChart.smoothed(points))));
    }
    ExperimentReport.figure(
        new Figure.Plot(title, "step", title, false, false, curves, List.of()), out);
  }

  private static void heldOut(List<Entry> runs, StringBuilder out) {
    List<Figure.Curve> curves = new ArrayList<>();
    for (Entry entry : runs) {
      List<Point> points =
          entry.run().evals().stream().map(e -> new Point(e.step(), e.lossMain())).toList();
      curves.add(new Figure.Curve(entry.name(), thinned(points)));
    }
    String title = "Held-out loss of the main model, nats";
    ExperimentReport.figure(
        new Figure.Plot(title, "step", title, false, false, curves, List.of()), out);
  }

  private static List<Figure.Point> thinned(List<Point> points) {
    int every = Math.max(1, points.size() / MOST_POINTS);
    List<Figure.Point> thin = new ArrayList<>();
    for (int i = 0; i < points.size(); i += every) {
      double value = points.get(i).value();
      thin.add(new Figure.Point(points.get(i).step(), new Interval(value, value, value, 0, 1)));
    }
    return thin;
  }
}
