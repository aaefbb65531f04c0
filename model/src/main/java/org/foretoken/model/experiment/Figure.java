package org.foretoken.model.experiment;

import java.util.List;

/** A figure of a report, as data: how it is drawn is the command line's matter. */
public sealed interface Figure {
  /** What it shows. */
  String title();

  /**
   * Rows under headings.
   *
   * @param rows cells as text, the first a name
   */
  record Table(String title, List<String> headings, List<List<String>> rows) implements Figure {}

  /**
   * Curves over a number, each point with an interval.
   *
   * @param x what the horizontal axis is
   * @param y what the vertical axis is
   * @param logX whether the horizontal axis is logarithmic
   * @param logY whether the vertical axis is
   * @param bounds horizontal lines to compare with
   */
  record Plot(
      String title,
      String x,
      String y,
      boolean logX,
      boolean logY,
      List<Curve> curves,
      List<Bound> bounds)
      implements Figure {}

  /** A curve. */
  record Curve(String label, List<Point> points) {}

  /** A point and the interval of its y. */
  record Point(double x, Interval y) {}

  /**
   * One interval a row, beside a line to compare with.
   *
   * @param x what the horizontal axis is
   * @param bounds vertical lines to compare with
   */
  record Intervals(String title, String x, List<Row> rows, List<Bound> bounds) implements Figure {}

  /** A named interval. */
  record Row(String label, Interval value) {}

  /** A line to compare with. */
  record Bound(String label, double at) {}
}
