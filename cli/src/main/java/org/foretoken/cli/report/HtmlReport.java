package org.foretoken.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.cli.metrics.MetricsLine;
import org.foretoken.cli.metrics.MetricsLine.Eval;
import org.foretoken.cli.metrics.MetricsLine.Sample;
import org.foretoken.cli.metrics.RunHistory;
import org.foretoken.cli.report.LineChart.Point;
import org.foretoken.cli.report.LineChart.Series;
import org.foretoken.cli.report.LineChart.Style;
import org.foretoken.cli.text.Numbers;

/** Writes {@code report.html}: a run on one page, with everything in the file itself. */
public final class HtmlReport {
  /** The file's name in a run's folder. */
  public static final String NAME = "report.html";

  private final RunHistory run;
  private final int depths;
  private final StringBuilder out = new StringBuilder();

  private HtmlReport(RunHistory run) {
    this.run = run;
    depths = run.start().targetsPerSequence().size() - 1;
  }

  /** Writes the report of a run to its folder, in one move; returns the file. */
  public static Path write(Path folder, RunHistory run) {
    Path file = folder.resolve(NAME);
    Path fresh = folder.resolve("." + NAME);
    try {
      Files.writeString(fresh, html(run));
      return Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "'" + file + "' cannot be written (" + e.getMessage() + ")", e);
    }
  }

  /** The page. */
  static String html(RunHistory run) {
    HtmlReport report = new HtmlReport(run);
    report.page();
    return report.out.toString();
  }

  private void page() {
    String title = run.start().config().path("name").asText("run");
    out.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.append("<title>").append(Html.escape(title)).append(" – Foretoken</title>\n<style>\n");
    out.append(css()).append("</style>\n</head>\n<body>\n<main>\n");
    header(title);
    figures();
    curves();
    Sections.signal(run, out);
    ExpertView.section(run, out);
    samples();
    Sections.memory(run.start().memory(), out);
    Sections.provenance(run, out);
    out.append("</main>\n</body>\n</html>\n");
  }

  private static String css() {
    try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
      if (in == null) {
        throw new IllegalStateException("report.css is missing from the program's jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void header(String title) {
    MetricsLine.Start start = run.start();
    int done = run.steps().isEmpty() ? start.firstStep() : run.steps().getLast().step();
    out.append("<p class=\"kind\">Foretoken training report</p>\n<h1>");
    out.append(Html.escape(title)).append("</h1>\n<p class=\"about\">");
    out.append(
        Html.escape(
            "Recipe "
                + start
                    .config()
                    .path("train")
                    .path("recipe")
                    .asText("?")
                    .toLowerCase(java.util.Locale.ROOT)
                + ", "
                + Numbers.rounded((double) start.memory().parameters())
                + " parameters, "
                + Numbers.count(done)
                + " steps of "
                + Numbers.count(start.tokensPerStep())
                + " tokens, "
                + (depths == 0
                    ? "no MTP module"
                    : depths == 1 ? "1 MTP module" : depths + " MTP modules")
                + ". "
                + start.deviceDescription()));
    out.append("</p>\n");
    if (run.end().isEmpty()) {
      out.append("<p class=\"warn\">The run did not come to its end: ");
      out.append(Numbers.count(done)).append(" of ").append(Numbers.count(start.steps()));
      out.append(" steps were made.</p>\n");
    }
  }

  private void figures() {
    out.append("<dl class=\"figures\">\n");
    if (!run.evals().isEmpty()) {
      Eval last = run.evals().getLast();
      figure(
          "Held-out files",
          Numbers.fixed(last.bitsPerByte(), 3),
          "bits a byte",
          "loss " + Numbers.fixed(last.lossMain(), 3) + " nats");
      for (int k = 1; k <= Math.min(depths, 2); k++) {
        figure(
            "Held-out, depth " + k,
            Numbers.fixed(last.lossMtp().get(k - 1), 3),
            "nats",
            Numbers.percent(last.accuracy().get(k)) + " of targets right");
      }
    }
    run.decoding()
        .ifPresent(
            d -> {
              if (!d.acceptance().isEmpty()) {
                figure(
                    "Drafts accepted",
                    Numbers.percent(d.acceptance().getFirst()),
                    "",
                    Numbers.fixed(d.tokensPerStep(), 2) + " tokens a step, greedy");
              }
              double gain = d.speculativeTokensPerSecond() / d.plainTokensPerSecond();
              figure(
                  "Decoding",
                  Numbers.rounded(d.speculativeTokensPerSecond()),
                  "tokens/s",
                  depths == 0 ? "plain" : Numbers.fixed(gain, 2) + " × plain decoding");
            });
    run.end()
        .ifPresent(
            e ->
                figure(
                    "Training",
                    Numbers.rounded(e.tokensPerSecond()),
                    "tokens/s",
                    Numbers.count(e.tokens()) + " tokens in all"));
    out.append("</dl>\n");
  }

  private void figure(String name, String value, String unit, String note) {
    out.append("<div><dt>").append(Html.escape(name)).append("</dt><dd>").append(value);
    out.append(" <small>").append(unit).append("</small></dd><span class=\"note\">");
    out.append(Html.escape(note)).append("</span></div>\n");
  }

  private void curves() {
    out.append("<h2>Losses</h2>\n<p>Mean cross-entropy of each depth’s own targets. Lines are");
    out.append(" training batches, smoothed over their raw values; dots are the held-out files.");
    out.append("</p>\n");
    List<Series> loss = new ArrayList<>();
    for (int k = depths; k >= 0; k--) {
      int depth = k;
      List<Point> raw =
          run.steps().stream()
              .map(s -> new Point(s.step(), depth == 0 ? s.lossMain() : s.lossMtp().get(depth - 1)))
              .toList();
      loss.add(new Series("", SampleView.colour(k), Style.RAW, raw));
    }
    for (int k = 0; k <= depths; k++) {
      int depth = k;
      String name = k == 0 ? "main" : "depth " + k;
      List<Point> raw = loss.get(depths - k).points();
      loss.add(new Series(name, SampleView.colour(k), Style.LINE, LineChart.smoothed(raw)));
      List<Point> held =
          run.evals().stream()
              .map(e -> new Point(e.step(), depth == 0 ? e.lossMain() : e.lossMtp().get(depth - 1)))
              .toList();
      loss.add(new Series(name + ", held out", SampleView.colour(k), Style.DOTS, held));
    }
    out.append(
        new LineChart("Loss, nats", 990, 300, false, v -> Numbers.fixed(v, 1), loss).figure());
    out.append("<div class=\"charts\">\n");
    small("Learning rate", s -> s.learningRate(), Numbers::scientific, false);
    small("Gradient norm, before clipping", s -> s.gradientNorm(), Numbers::rounded, true);
    small("Tokens per second", s -> s.tokensPerSecond(), Numbers::rounded, true);
    out.append("</div>\n");
  }

  private void small(
      String title,
      java.util.function.ToDoubleFunction<MetricsLine.Step> value,
      java.util.function.DoubleFunction<String> format,
      boolean noisy) {
    List<Point> points =
        run.steps().stream().map(s -> new Point(s.step(), value.applyAsDouble(s))).toList();
    List<Series> series =
        noisy
            ? List.of(
                new Series("", "d0", Style.RAW, points),
                new Series("", "d0", Style.LINE, LineChart.smoothed(points)))
            : List.of(new Series("", "d0", Style.LINE, points));
    out.append(new LineChart(title, 310, 190, true, format, series).figure());
  }

  private void samples() {
    if (run.samples().isEmpty()) {
      return;
    }
    Sample last = run.samples().getLast();
    out.append("<h2>What it writes</h2>\n<p>").append(about(last));
    if (depths > 0) {
      out.append(" Each run of the trunk decides one token itself; the drafts behind it stay");
      out.append(" where it agrees with them.");
    }
    out.append("</p>\n");
    out.append(SampleView.legend(last, depths)).append(SampleView.pre(last));
    List<Sample> earlier = run.samples().subList(0, run.samples().size() - 1);
    if (!earlier.isEmpty()) {
      out.append("<details><summary>Earlier samples</summary>\n");
      for (Sample sample : earlier) {
        out.append("<p>").append(about(sample)).append("</p>\n").append(SampleView.pre(sample));
      }
      out.append("</details>\n");
    }
  }

  private static String about(Sample sample) {
    String how =
        sample.temperature() == 0
            ? "greedy decoding"
            : "sampled at temperature " + Numbers.fixed(sample.temperature(), 1);
    return "After " + Numbers.count(sample.step()) + " steps, " + how + ".";
  }
}
