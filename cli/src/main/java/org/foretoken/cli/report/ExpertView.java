package org.foretoken.cli.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.foretoken.cli.metrics.MetricsLine.Routing;
import org.foretoken.cli.metrics.RunHistory;
import org.foretoken.cli.report.LineChart.Point;
import org.foretoken.cli.report.LineChart.Series;
import org.foretoken.cli.report.LineChart.Style;
import org.foretoken.cli.text.Numbers;
import org.foretoken.model.train.RoutingMetrics;

/** How rows were spread over the experts: a curve of the imbalance, and a map for each network. */
final class ExpertView {
  private static final int WIDTH = 310;
  private static final int LEFT = 26;
  private static final int MOST_COLUMNS = 48;
  private static final int MOST_ROWS = 64;

  /** A load of so many times the mean, or more, has the strongest colour. */
  private static final double STRONGEST = 2;

  private ExpertView() {}

  /** The section; nothing for a model without experts. */
  static void section(RunHistory run, StringBuilder out) {
    if (run.routing().isEmpty()) {
      return;
    }
    Routing last = run.routing().getLast();
    int trunk = run.start().config().path("model").path("layers").asInt();
    out.append(
        "<h2>Experts</h2>\n<p>Every token goes to a few of a block’s experts. Maps show, from");
    out.append(
        " the first step to the last, each expert’s load: pale is none, half the mean load, and");
    out.append(
        " the strongest colour twice the mean or more. MaxVio is the largest load over the mean,");
    out.append(" less 1.</p>\n<div class=\"charts\">\n");
    violations(run, trunk, out);
    for (int i = 0; i < last.layers().size(); i++) {
      map(run, i, name(last.layers().get(i).layer(), trunk), out);
    }
    out.append("</div>\n");
  }

  private static String name(int layer, int trunk) {
    return layer < trunk ? "block " + layer : "MTP module " + (layer - trunk + 1);
  }

  private static void violations(RunHistory run, int trunk, StringBuilder out) {
    List<Series> series = new ArrayList<>();
    List<RoutingMetrics.Layer> layers = run.routing().getLast().layers();
    for (int i = 0; i < layers.size(); i++) {
      int index = i;
      List<Point> points =
          run.routing().stream()
              .filter(r -> r.layers().size() > index)
              .map(r -> new Point(r.step(), r.layers().get(index).maxViolation()))
              .toList();
      String label = name(layers.get(i).layer(), trunk);
      series.add(new Series(label, SampleView.colour(i), Style.LINE, points));
    }
    out.append(
        new LineChart("MaxVio", WIDTH, 190, true, v -> Numbers.fixed(v, 1), series).figure());
  }

  private static void map(RunHistory run, int index, String name, StringBuilder out) {
    List<Routing> columns =
        thinned(run.routing().stream().filter(r -> r.layers().size() > index).toList());
    RoutingMetrics.Layer last = columns.getLast().layers().get(index);
    int experts = last.load().size();
    int rows = Math.min(experts, MOST_ROWS);
    double cell = Math.clamp(160.0 / rows, 3, 14);
    double step = (double) (WIDTH - LEFT) / columns.size();
    String title = name + ", load of " + experts + " experts";
    out.append("<figure><figcaption><b>").append(Html.escape(title)).append("</b><span>MaxVio ");
    out.append(Numbers.fixed(last.maxViolation(), 2)).append(", entropy ");
    out.append(Numbers.fixed(last.entropy(), 3)).append(" at the end</span></figcaption>\n");
    out.append("<svg viewBox=\"0 0 ").append(WIDTH).append(' ').append(n(rows * cell + 20));
    out.append("\" role=\"img\" aria-label=\"").append(Html.escape(title)).append("\">\n");
    for (int e = 0; e < rows; e++) {
      if (e == 0 || e == rows - 1) {
        out.append("<text class=\"y\" x=\"").append(LEFT - 6).append("\" y=\"");
        out.append(n(e * cell + Math.max(cell, 9))).append("\">").append(e).append("</text>\n");
      }
      for (int c = 0; c < columns.size(); c++) {
        List<Double> load = columns.get(c).layers().get(index).load();
        double share = Math.min(1, load.get(e) * load.size() / STRONGEST);
        out.append("<rect class=\"heat\" x=\"").append(n(LEFT + c * step));
        out.append("\" y=\"").append(n(e * cell)).append("\" width=\"").append(n(step + 0.1));
        out.append("\" height=\"").append(n(cell)).append("\" fill-opacity=\"");
        out.append(String.format(Locale.ROOT, "%.2f", share)).append("\"/>\n");
      }
    }
    out.append("<text class=\"x\" x=\"").append(LEFT + 22).append("\" y=\"");
    out.append(n(rows * cell + 15)).append("\">step ").append(columns.getFirst().step());
    out.append("</text><text class=\"y\" x=\"").append(WIDTH).append("\" y=\"");
    out.append(n(rows * cell + 15)).append("\">").append(Numbers.count(columns.getLast().step()));
    out.append("</text></svg></figure>\n");
  }

  /** At most {@link #MOST_COLUMNS} of them, the first and the last among them. */
  private static List<Routing> thinned(List<Routing> all) {
    if (all.size() <= MOST_COLUMNS) {
      return all;
    }
    List<Routing> some = new ArrayList<>();
    for (int i = 0; i < MOST_COLUMNS; i++) {
      some.add(all.get((int) ((long) i * (all.size() - 1) / (MOST_COLUMNS - 1))));
    }
    return some;
  }

  private static String n(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
