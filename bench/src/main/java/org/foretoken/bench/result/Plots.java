package org.foretoken.bench.result;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.foretoken.bench.suite.SuiteFile;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The plots of a page, as SVG. */
final class Plots {
  private static final int WIDTH = 980;
  private static final int HEIGHT = 340;
  private static final int MOST_BARS = 40;
  private static final int MOST_LETTERS = 30;
  private static final int LEGEND_LINE = 24;

  private Plots() {}

  /** Rate of each case of one unit, ours and the peers' beside it; empty where there is none. */
  static String rates(SuiteResult run, boolean gflops) {
    List<CaseResult> cases =
        run.cases().stream()
            .filter(CaseResult::ok)
            .filter(c -> (gflops ? c.gflops() : c.gbs()) != null)
            .limit(MOST_BARS)
            .toList();
    if (cases.isEmpty()) {
      return "";
    }
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT + 130)
            .title(gflops ? "GFLOP/s" : "GB/s, read and written")
            .build();
    List<String> names = new ArrayList<>();
    for (CaseResult c : cases) {
      names.add(label(names.size() + 1, c.id()));
    }
    List<Double> ours = cases.stream().map(c -> gflops ? c.gflops() : c.gbs()).toList();
    chart.addSeries("foretoken", names, ours);
    Set<String> peers = new LinkedHashSet<>();
    cases.forEach(c -> c.peers().forEach(p -> peers.add(p.peer())));
    for (String peer : peers) {
      List<Double> theirs = new ArrayList<>();
      for (CaseResult c : cases) {
        double own = gflops ? c.gflops() : c.gbs();
        theirs.add(
            c.peers().stream()
                .filter(p -> p.peer().equals(peer) && p.medianNs() != null)
                .map(p -> own * c.medianNs() / p.medianNs())
                .findFirst()
                .orElse(0.0));
      }
      chart.addSeries(peer, names, theirs);
    }
    chart.getStyler().setXAxisLabelRotation(60);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
    chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
    return svg(chart);
  }

  /** A case under its bar: the bars get what long names leave of the picture's height. */
  static String label(int number, String id) {
    return number + " " + (id.length() <= MOST_LETTERS ? id : id.substring(0, MOST_LETTERS) + "…");
  }

  /** Cost against what grows, measured and as expected, on logarithmic axes. */
  static String scaling(SuiteFile.Order order, String title, List<CaseResult> cases) {
    List<Double> nanos = new ArrayList<>();
    List<Double> values = new ArrayList<>();
    for (int i = 0; i < cases.size(); i++) {
      if (cases.get(i).ok()) {
        values.add(order.values().get(i));
        nanos.add(cases.get(i).medianNs() / 1e6);
      }
    }
    if (values.size() < 2) {
      return "";
    }
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle(order.axis())
            .yAxisTitle("ms")
            .build();
    chart.addSeries("measured", values, nanos).setMarker(SeriesMarkers.CIRCLE);
    Map<String, Double> bounds = new LinkedHashMap<>();
    bounds.put("order " + order.least(), order.least());
    bounds.put("order " + order.most(), order.most());
    bounds.forEach(
        (name, exponent) -> {
          List<Double> expected =
              values.stream()
                  .map(v -> nanos.getFirst() * Math.pow(v / values.getFirst(), exponent))
                  .toList();
          chart.addSeries(name, values, expected).setMarker(SeriesMarkers.NONE);
        });
    boolean logarithmic = nanos.stream().allMatch(n -> n > 0) && values.getFirst() > 0;
    chart.getStyler().setXAxisLogarithmic(logarithmic);
    chart.getStyler().setYAxisLogarithmic(logarithmic);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    return svg(chart);
  }

  /** Median of every case in earlier runs as a multiple of its first; empty for a single run. */
  static String history(List<SuiteResult> runs) {
    if (runs.size() < 2) {
      return "";
    }
    Map<String, List<double[]>> points = new LinkedHashMap<>();
    for (int i = 0; i < runs.size(); i++) {
      for (CaseResult c : runs.get(i).cases()) {
        if (c.ok() && points.size() < MOST_BARS) {
          points
              .computeIfAbsent(c.id(), _ -> new ArrayList<>())
              .add(new double[] {i + 1, c.medianNs()});
        }
      }
    }
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(Math.max(HEIGHT, 80 + LEGEND_LINE * points.size()))
            .title("time in earlier runs, as a multiple of the first")
            .xAxisTitle("run")
            .build();
    points.forEach(
        (id, p) -> {
          double first = p.getFirst()[1];
          double[] x = p.stream().mapToDouble(v -> v[0]).toArray();
          double[] y = p.stream().mapToDouble(v -> v[1] / first).toArray();
          chart
              .addSeries(label(chart.getSeriesMap().size() + 1, id), x, y)
              .setMarker(SeriesMarkers.CIRCLE);
        });
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideE);
    return svg(chart);
  }

  private static String svg(Chart<?, ?> chart) {
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      VectorGraphicsEncoder.saveVectorGraphic(chart, out, VectorGraphicsFormat.SVG);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String text = out.toString(StandardCharsets.UTF_8);
    return text.substring(Math.max(0, text.indexOf("<svg"))); // without the XML declaration
  }
}
