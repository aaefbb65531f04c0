package org.foretoken.cli.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleFunction;

/**
 * A line chart over training steps, as SVG that takes its colours from the page's style sheet.
 *
 * @param title what it shows, with the unit
 * @param width width of the drawing, about the pixels that it is shown in
 * @param height height of the drawing
 * @param fromZero whether the vertical axis starts at zero
 * @param format labels of the vertical axis
 * @param series the curves
 */
record LineChart(
    String title,
    int width,
    int height,
    boolean fromZero,
    DoubleFunction<String> format,
    List<Series> series) {

  /** How a curve is drawn. */
  enum Style {
    /** A thin pale line: raw values. */
    RAW,
    /** A line. */
    LINE,
    /** Dots on a dashed line: few values that were measured apart from the rest. */
    DOTS
  }

  /** A value at a step. */
  record Point(double step, double value) {}

  /**
   * A curve.
   *
   * @param label name in the legend; empty for none
   * @param colour class of the style sheet
   */
  record Series(String label, String colour, Style style, List<Point> points) {}

  private static final int LEFT = 52;
  private static final int RIGHT = 12;
  private static final int TOP = 10;
  private static final int BOTTOM = 28;
  private static final int MOST_POINTS = 700;

  /** The chart with its title and legend. */
  String figure() {
    StringBuilder out =
        new StringBuilder(width > 600 ? "<figure class=\"wide\">" : "<figure>")
            .append("<figcaption>");
    out.append("<b>").append(Html.escape(title)).append("</b>");
    for (Series s : series) {
      if (!s.label.isEmpty()) {
        out.append("<span class=\"key ").append(s.colour);
        out.append(s.style == Style.DOTS ? " dots" : "").append("\">");
        out.append(Html.escape(s.label)).append("</span>");
      }
    }
    return out.append("</figcaption>\n").append(svg()).append("</figure>\n").toString();
  }

  private String svg() {
    double last = 1;
    double low = fromZero ? 0 : Double.POSITIVE_INFINITY;
    double high = Double.NEGATIVE_INFINITY;
    for (Series s : series) {
      for (Point p : s.points) {
        last = Math.max(last, p.step);
        low = Math.min(low, p.value);
        high = Math.max(high, p.value);
      }
    }
    if (!(high > low)) { // one value, or none
      low = Double.isFinite(low) ? Math.min(low, 0) : 0;
      high = Math.max(Double.isFinite(high) ? high : 1, low + 1e-9);
    }
    Axis x = Axis.over(0, last, Math.max(2, width / 100), LEFT, width - RIGHT);
    Axis y = Axis.over(low, high, 5, height - BOTTOM, TOP);
    StringBuilder out = new StringBuilder();
    out.append("<svg viewBox=\"0 0 ").append(width).append(' ').append(height);
    out.append("\" role=\"img\" aria-label=\"").append(Html.escape(title)).append("\">\n");
    grid(x, y, out);
    for (Series s : series) {
      draw(s, x, y, out);
    }
    return out.append("</svg>\n").toString();
  }

  private void grid(Axis x, Axis y, StringBuilder out) {
    for (double tick : y.ticks()) {
      String at = n(y.at(tick));
      out.append("<line class=\"grid\" x1=\"").append(LEFT).append("\" x2=\"");
      out.append(width - RIGHT).append("\" y1=\"").append(at).append("\" y2=\"").append(at);
      out.append("\"/><text class=\"y\" x=\"").append(LEFT - 8).append("\" y=\"");
      out.append(n(y.at(tick) + 4)).append("\">").append(format.apply(tick)).append("</text>\n");
    }
    List<Double> ticks = x.ticks();
    for (double tick : ticks) {
      boolean first = tick == ticks.getFirst();
      out.append("<text class=\"x\" x=\"").append(n(x.at(tick))).append("\" y=\"");
      out.append(height - 8).append("\">");
      out.append(first ? "step " : "").append(count(tick)).append("</text>\n");
    }
  }

  private static String count(double step) {
    return String.format(Locale.ROOT, "%,d", Math.round(step));
  }

  private void draw(Series s, Axis x, Axis y, StringBuilder out) {
    List<Point> points = thinned(s.points);
    if (points.isEmpty()) {
      return;
    }
    String style = s.style.name().toLowerCase(Locale.ROOT);
    out.append("<polyline class=\"").append(s.colour).append(' ').append(style);
    out.append("\" points=\"");
    for (Point p : points) {
      out.append(n(x.at(p.step))).append(',').append(n(y.at(p.value))).append(' ');
    }
    out.append("\"/>\n");
    if (s.style == Style.DOTS || points.size() == 1) {
      for (Point p : points) {
        out.append("<circle class=\"").append(s.colour).append("\" r=\"3.5\" cx=\"");
        out.append(n(x.at(p.step))).append("\" cy=\"").append(n(y.at(p.value)));
        out.append("\"><title>").append(Html.escape(s.label)).append(", step ");
        out.append(count(p.step)).append(": ").append(format.apply(p.value));
        out.append("</title></circle>\n");
      }
    }
  }

  /** At most {@link #MOST_POINTS} points, each the mean of its stretch of the curve. */
  private static List<Point> thinned(List<Point> points) {
    int n = points.size();
    if (n <= MOST_POINTS) {
      return points;
    }
    List<Point> thin = new ArrayList<>();
    for (int i = 0; i < MOST_POINTS; i++) {
      int begin = (int) ((long) n * i / MOST_POINTS);
      int end = (int) ((long) n * (i + 1) / MOST_POINTS);
      double step = 0;
      double value = 0;
      for (Point p : points.subList(begin, end)) {
        step += p.step / (end - begin);
        value += p.value / (end - begin);
      }
      thin.add(new Point(step, value));
    }
    return thin;
  }

  /**
   * The curve's moving mean over about a twentieth of it, centred so that it does not lag. The
   * window shrinks towards the start, where curves are steep, and is cut off at the end.
   */
  static List<Point> smoothed(List<Point> points) {
    int n = points.size();
    double[] sums = new double[n + 1];
    for (int i = 0; i < n; i++) {
      sums[i + 1] = sums[i] + points.get(i).value;
    }
    List<Point> smooth = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      int reach = Math.min(n / 40, i);
      int end = Math.min(n, i + reach + 1);
      double mean = (sums[end] - sums[i - reach]) / (end - i + reach);
      smooth.add(new Point(points.get(i).step, mean));
    }
    return smooth;
  }

  private static String n(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
