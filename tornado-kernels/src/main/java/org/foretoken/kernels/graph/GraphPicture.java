package org.foretoken.kernels.graph;

import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A graph and its memory plan as an SVG picture: nodes from left to right in program order, a bar
 * as high as the node's share of time where times are known, and below them the memory map, each
 * transient a box from its first node to its last at its place in the slab. Names, shapes and sizes
 * show as tooltips.
 */
public final class GraphPicture {
  private static final int LEFT = 90;
  private static final int TOP = 60;
  private static final int BAR_HEIGHT = 120;
  private static final int GAP = 24;
  private static final int MAP_HEIGHT = 420;
  private static final int RIGHT = 20;
  private static final int MAX_WIDTH = 4000;

  /** Colours of operation families, chosen to stay apart for readers with colour-blindness. */
  private enum Family {
    PRODUCT("#0072b2", "MatMul"),
    ATTENTION("#d55e00", "Attention"),
    NORM("#009e73", "Norm"),
    HEAD("#cc79a7", "CrossEntropy"),
    QUANTIZE("#e69f00", "uantize"),
    OPTIMIZER("#7b4fa3", "AdamW"),
    OTHER("#8c8c8c", "");

    private final String colour;
    private final String word;

    Family(String colour, String word) {
      this.colour = colour;
      this.word = word;
    }

    static Family of(Node node) {
      return Stream.of(values()).filter(f -> node.op().name().contains(f.word)).findFirst().get();
    }
  }

  private final Graph graph;
  private final MemoryPlan plan;
  private final double step;
  private final StringBuilder svg = new StringBuilder();

  private GraphPicture(Graph graph, MemoryPlan plan) {
    this.graph = graph;
    this.plan = plan;
    int nodes = Math.max(1, graph.nodes().size());
    step = Math.clamp((double) MAX_WIDTH / nodes, 2, 24);
  }

  /** The picture without times: all bars are equally high. */
  public static String svg(Graph graph, MemoryPlan plan) {
    return svg(graph, plan, new long[graph.nodes().size()]);
  }

  /**
   * The picture.
   *
   * @param nodeNanos from {@link Executable#nodeNanos}; zeros where times are not known
   */
  public static String svg(Graph graph, MemoryPlan plan, long[] nodeNanos) {
    GraphPicture picture = new GraphPicture(graph, plan);
    picture.frame();
    picture.nodes(nodeNanos);
    picture.memoryMap();
    return picture.svg.append("</svg>\n").toString();
  }

  private double x(int node) {
    return LEFT + node * step;
  }

  private int mapTop() {
    return TOP + BAR_HEIGHT + GAP;
  }

  private double y(long bytes) {
    return mapTop() + (double) bytes / Math.max(1, plan.peakBytes()) * MAP_HEIGHT;
  }

  private void frame() {
    double width = Math.max(x(graph.nodes().size()) + RIGHT, 900);
    int height = mapTop() + MAP_HEIGHT + GAP;
    line(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%d\""
            + " font-family=\"sans-serif\" font-size=\"12\">",
        width, height);
    line("<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>");
    text(LEFT, 20, "start", graph.name() + ": " + summary());
    double legend = LEFT;
    for (Family family : Family.values()) {
      line(
          "<rect x=\"%.0f\" y=\"32\" width=\"10\" height=\"10\" fill=\"%s\"/>",
          legend, family.colour);
      text(legend + 14, 41, "start", family.name().toLowerCase(Locale.ROOT));
      legend += 100;
    }
  }

  private String summary() {
    return String.format(
        Locale.ROOT,
        "%d nodes, slab %s, without reuse %s",
        graph.nodes().size(),
        bytes(plan.peakBytes()),
        bytes(plan.bytesWithoutReuse()));
  }

  private void nodes(long[] nanos) {
    long longest = 0;
    for (long n : nanos) {
      longest = Math.max(longest, n);
    }
    text(LEFT - 8, TOP + 12, "end", longest == 0 ? "nodes" : micros(longest));
    for (Node node : graph.nodes()) {
      double share = longest == 0 ? 0.25 : (double) nanos[node.index()] / longest;
      double height = Math.max(1, share * BAR_HEIGHT);
      box(
          x(node.index()),
          TOP + BAR_HEIGHT - height,
          step,
          height,
          Family.of(node).colour,
          node.index()
              + " "
              + node.label()
              + "\n"
              + node.op()
              + (longest == 0 ? "" : "\n" + micros(nanos[node.index()]))
              + operands("\nreads ", node.reads())
              + operands("\nwrites ", node.writes()));
    }
  }

  private void memoryMap() {
    for (int tick = 0; tick <= 4; tick++) {
      long at = plan.peakBytes() / 4 * tick;
      text(LEFT - 8, y(at) + 4, "end", bytes(at));
      line(
          "<line x1=\"%d\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#dddddd\"/>",
          LEFT, x(graph.nodes().size()), y(at), y(at));
    }
    for (Tensor t : graph.tensors()) {
      if (plan.offset(t) < 0) {
        continue;
      }
      int first = plan.firstNode(t);
      int last = plan.lastNode(t);
      box(
          x(first),
          y(plan.offset(t)),
          (last - first + 1) * step,
          Math.max(0.5, y(plan.end(t)) - y(plan.offset(t))),
          Family.of(graph.nodes().get(first)).colour,
          t + ", " + bytes(t.bytes()) + "\nnodes " + first + " to " + last);
    }
  }

  private static String operands(String head, List<Tensor> tensors) {
    return tensors.isEmpty()
        ? ""
        : head + String.join(", ", tensors.stream().map(Tensor::toString).toList());
  }

  private void box(double x, double y, double width, double height, String colour, String tooltip) {
    line(
        "<rect x=\"%.1f\" y=\"%.2f\" width=\"%.1f\" height=\"%.2f\" fill=\"%s\" fill-opacity=\"0.75\""
            + " stroke=\"white\" stroke-width=\"0.4\"><title>%s</title></rect>",
        x, y, width, height, colour, escaped(tooltip));
  }

  private void text(double x, double y, String anchor, String text) {
    line("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>", x, y, anchor, escaped(text));
  }

  private void line(String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values)).append('\n');
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  private static String micros(long nanos) {
    return String.format(Locale.ROOT, "%.1f µs", nanos / 1e3);
  }

  private static String bytes(long bytes) {
    if (bytes < 1 << 20) {
      return String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0);
    }
    return bytes < 1 << 30
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20))
        : String.format(Locale.ROOT, "%.2f GiB", bytes / (double) (1 << 30));
  }
}
