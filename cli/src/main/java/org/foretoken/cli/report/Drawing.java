package org.foretoken.cli.report;

import java.util.List;
import java.util.Locale;
import org.foretoken.model.experiment.Figure;
import org.foretoken.model.experiment.Interval;

/**
 * Figures of experiments as SVG: curves with an interval at each point, and rows of intervals. The
 * colours are classes of the page's style sheet; {@link #alone} brings its own.
 */
final class Drawing {
  private static final int WIDTH = 990;
  private static final int HEIGHT = 320;
  private static final int LEFT = 70;
  private static final int RIGHT = 16;
  private static final int TOP = 12;
  private static final int BOTTOM = 44;
  private static final int ROW = 26;
  private static final int NAMES = 250;
  private static final int COLOURS = 8;

  private final StringBuilder out = new StringBuilder();

  private Drawing() {}

  /** The figure as it stands in a page. */
  static String svg(Figure figure) {
    Drawing drawing = new Drawing();
    switch (figure) {
      case Figure.Plot plot -> drawing.plot(plot);
      case Figure.Intervals intervals -> drawing.intervals(intervals);
      case Figure.Table table ->
          throw new IllegalArgumentException("a table is no drawing: " + table.title());
    }
    return drawing.out.toString();
  }

  /** The figure as a file of its own, with title, legend and style. */
  static String alone(Figure figure, String css) {
    String inner = svg(figure);
    String box = inner.substring(inner.indexOf("viewBox=\"") + 9);
    int height = Integer.parseInt(box.substring(0, box.indexOf('"')).split(" ")[3]);
    int head = 22 + 18 * Math.ceilDiv(legend(figure).size(), 5);
    StringBuilder page =
        new StringBuilder("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 ");
    page.append(-head).append(' ').append(WIDTH).append(' ').append(height + head);
    page.append("\" width=\"").append(WIDTH).append("\"><style>").append(css).append("</style>\n");
    page.append("<rect class=\"page\" x=\"0\" y=\"").append(-head);
    page.append("\" width=\"100%\" height=\"100%\"/>\n<text class=\"title\" x=\"8\" y=\"");
    page.append(16 - head).append("\">").append(Html.escape(figure.title())).append("</text>\n");
    List<String> names = legend(figure);
    for (int i = 0; i < names.size(); i++) {
      int x = 8 + i % 5 * 196;
      int y = 34 - head + i / 5 * 18;
      page.append("<circle r=\"4\" class=\"").append(colour(i)).append("\" cx=\"").append(x + 4);
      page.append("\" cy=\"").append(y - 4).append("\"/><text x=\"").append(x + 14);
      page.append("\" y=\"").append(y).append("\">").append(Html.escape(names.get(i)));
      page.append("</text>\n");
    }
    String placed = "<svg x=\"0\" y=\"0\" width=\"" + WIDTH + "\" height=\"" + height + "\" ";
    return page.append(inner.replaceFirst("<svg ", placed)).append("</svg>\n").toString();
  }

  /** Names of the curves. */
  static List<String> legend(Figure figure) {
    return figure instanceof Figure.Plot plot
        ? plot.curves().stream().map(Figure.Curve::label).toList()
        : List.of();
  }

  /** Class of a curve's colour. */
  static String colour(int curve) {
    return "e" + curve % COLOURS;
  }

  private void plot(Figure.Plot plot) {
    double[] xs = {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
    double[] ys = {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
    for (Figure.Curve curve : plot.curves()) {
      for (Figure.Point p : curve.points()) {
        include(xs, p.x(), plot.logX());
        include(ys, p.y().mean(), plot.logY());
        include(ys, p.y().high(), plot.logY());
        include(ys, p.y().low(), plot.logY());
      }
    }
    plot.bounds().forEach(b -> include(ys, b.at(), plot.logY()));
    widen(xs);
    if (!plot.logY() && ys[0] > 0 && ys[0] < 0.5 * ys[1]) {
      ys[0] = 0;
    }
    widen(ys);
    Axis x =
        plot.logX()
            ? Axis.between(xs[0], xs[1], LEFT, WIDTH - RIGHT - 14)
            : Axis.over(xs[0], xs[1], 10, LEFT, WIDTH - RIGHT);
    Axis y =
        plot.logY()
            ? Axis.logarithmic(ys[0], ys[1], HEIGHT - BOTTOM, TOP)
            : Axis.over(ys[0], ys[1], 5, HEIGHT - BOTTOM, TOP);
    open(HEIGHT, plot.title());
    for (double tick : y.ticks()) {
      String at = n(y.at(tick));
      line("grid", LEFT, at, WIDTH - RIGHT, at);
      text("y", LEFT - 8, n(y.at(tick) + 4), number(tick));
    }
    for (double tick : plot.logX() ? values(plot) : x.ticks()) {
      text("x", x.at(tick), Integer.toString(HEIGHT - BOTTOM + 18), number(tick));
    }
    text("x", (LEFT + WIDTH - RIGHT) / 2.0, Integer.toString(HEIGHT - 6), plot.x());
    out.append("<text class=\"x\" transform=\"translate(14 ").append((HEIGHT - BOTTOM + TOP) / 2);
    out.append(") rotate(-90)\">").append(Html.escape(plot.y())).append("</text>\n");
    for (Figure.Bound bound : plot.bounds()) {
      String at = n(y.at(bound.at()));
      line("bound", LEFT, at, WIDTH - RIGHT, at);
      text("y", WIDTH - RIGHT - 4, n(y.at(bound.at()) - 5), bound.label());
    }
    for (int i = 0; i < plot.curves().size(); i++) {
      curve(plot.curves().get(i), colour(i), x, y);
    }
    out.append("</svg>\n");
  }

  /** The values that a curve has points at: few, where the axis is logarithmic. */
  private static List<Double> values(Figure.Plot plot) {
    return plot.curves().stream()
        .flatMap(c -> c.points().stream())
        .map(Figure.Point::x)
        .filter(x -> x > 0)
        .distinct()
        .sorted()
        .toList();
  }

  private void curve(Figure.Curve curve, String colour, Axis x, Axis y) {
    StringBuilder points = new StringBuilder();
    for (Figure.Point p : curve.points()) {
      points.append(n(x.at(p.x()))).append(',').append(n(y.at(p.y().mean()))).append(' ');
    }
    out.append("<polyline class=\"").append(colour).append("\" points=\"");
    out.append(points.toString().strip()).append("\"/>\n");
    for (Figure.Point p : curve.points()) {
      String cx = n(x.at(p.x()));
      if (p.y().high() > p.y().low()) {
        line(
            colour + " bar", x.at(p.x()), n(y.at(p.y().low())), x.at(p.x()), n(y.at(p.y().high())));
      }
      if (curve.points().size() <= 60) {
        dot(colour, cx, n(y.at(p.y().mean())), curve.label() + ", " + number(p.x()), p.y());
      }
    }
  }

  private void intervals(Figure.Intervals figure) {
    double[] xs = {Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
    for (Figure.Row row : figure.rows()) {
      include(xs, row.value().low(), false);
      include(xs, row.value().high(), false);
    }
    figure.bounds().forEach(b -> include(xs, b.at(), false));
    widen(xs);
    double room = 0.04 * (xs[1] - xs[0]);
    Axis x = Axis.over(xs[0] - room, xs[1] + room, 8, NAMES, WIDTH - RIGHT);
    int bottom = TOP + 14 + ROW * figure.rows().size();
    open(bottom + BOTTOM, figure.title());
    for (double tick : x.ticks()) {
      line("grid", x.at(tick), Integer.toString(TOP + 8), x.at(tick), Integer.toString(bottom));
      text("x", x.at(tick), Integer.toString(bottom + 18), number(tick));
    }
    text("x", (NAMES + WIDTH - RIGHT) / 2.0, Integer.toString(bottom + BOTTOM - 6), figure.x());
    for (Figure.Bound bound : figure.bounds()) {
      double at = x.at(bound.at());
      line("bound", at, Integer.toString(TOP + 8), at, Integer.toString(bottom));
      text("x", at, Integer.toString(TOP + 2), bound.label());
    }
    for (int i = 0; i < figure.rows().size(); i++) {
      Figure.Row row = figure.rows().get(i);
      int at = TOP + 14 + ROW * i + ROW / 2;
      text("y", NAMES - 12, Integer.toString(at + 4), row.label());
      line(
          "e0 bar",
          x.at(row.value().low()),
          Integer.toString(at),
          x.at(row.value().high()),
          Integer.toString(at));
      dot("e0", n(x.at(row.value().mean())), Integer.toString(at), row.label(), row.value());
    }
    out.append("</svg>\n");
  }

  private void open(int height, String title) {
    out.append("<svg viewBox=\"0 0 ").append(WIDTH).append(' ').append(height);
    out.append("\" role=\"img\" aria-label=\"").append(Html.escape(title)).append("\">\n");
  }

  private void line(String style, double x1, String y1, double x2, String y2) {
    out.append("<line class=\"").append(style).append("\" x1=\"").append(n(x1)).append("\" y1=\"");
    out.append(y1).append("\" x2=\"").append(n(x2)).append("\" y2=\"").append(y2).append("\"/>\n");
  }

  private void text(String style, double x, String y, String text) {
    out.append("<text class=\"").append(style).append("\" x=\"").append(n(x)).append("\" y=\"");
    out.append(y).append("\">").append(Html.escape(text)).append("</text>\n");
  }

  private void dot(String colour, String cx, String cy, String label, Interval value) {
    out.append("<circle class=\"").append(colour).append("\" r=\"3.5\" cx=\"").append(cx);
    out.append("\" cy=\"").append(cy).append("\"><title>").append(Html.escape(label));
    out.append(": ").append(number(value.mean())).append(" (").append(number(value.low()));
    out.append(" to ").append(number(value.high())).append(")</title></circle>\n");
  }

  private static void include(double[] range, double value, boolean log) {
    if (Double.isFinite(value) && (!log || value > 0)) {
      range[0] = Math.min(range[0], value);
      range[1] = Math.max(range[1], value);
    }
  }

  /** Makes a range of one value, or of none, one that an axis can be drawn over. */
  private static void widen(double[] range) {
    if (!(range[1] >= range[0])) {
      range[0] = 0;
      range[1] = 1;
    } else if (range[1] == range[0]) {
      range[0] -= Math.max(Math.abs(range[0]), 1e-9) * 0.1;
      range[1] += Math.max(Math.abs(range[1]), 1e-9) * 0.1;
    }
  }

  /** At most four significant digits, as short as that can be. */
  static String number(double value) {
    double size = Math.abs(value);
    if (size == 0) {
      return "0";
    }
    if (size >= 1e5 || size < 1e-3) {
      String text = String.format(Locale.ROOT, "%.2e", value);
      return text.replaceFirst("\\.?0*e", "e").replaceFirst("e([-+])0*(\\d)", "e$1$2");
    }
    int digits = (int) Math.max(0, 3 - Math.floor(Math.log10(size)));
    String text = String.format(Locale.ROOT, "%,." + digits + "f", value);
    return digits == 0 ? text : text.replaceFirst("\\.?0+$", "");
  }

  private static String n(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
