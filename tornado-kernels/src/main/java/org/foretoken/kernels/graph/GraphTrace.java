package org.foretoken.kernels.graph;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Times of a run as a Chrome trace (the Trace Event Format's JSON object form), which
 * chrome://tracing and Perfetto show: one complete event for each node, named after its operation,
 * with label and operands in its arguments.
 */
public final class GraphTrace {
  private GraphTrace() {}

  /**
   * Nodes one after the other in program order.
   *
   * @param nodeNanos from {@link Executable#nodeNanos}
   * @param device name of the backend, shown as the process
   */
  public static void write(Graph graph, long[] nodeNanos, String device, Appendable out)
      throws IOException {
    List<Dependencies.Slot> slots = new ArrayList<>();
    long start = 0;
    for (long nanos : nodeNanos) {
      slots.add(new Dependencies.Slot(0, start, nanos));
      start += nanos;
    }
    write(graph, slots, device, out);
  }

  /**
   * Nodes as they ran ({@link Executable#nodeSlots}) or as {@link Dependencies#schedule} lays them
   * out, each worker a thread.
   *
   * @param slots for each node by its index
   */
  public static void write(
      Graph graph, List<Dependencies.Slot> slots, String device, Appendable out)
      throws IOException {
    if (slots.size() != graph.nodes().size()) {
      throw new GraphException(
          "trace of graph '"
              + graph.name()
              + "': expected times of "
              + graph.nodes().size()
              + " nodes, found "
              + slots.size());
    }
    out.append("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
    out.append("{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":")
        .append(quoted(device + ": " + graph.name()))
        .append("}}");
    for (Node node : graph.nodes()) {
      Dependencies.Slot slot = slots.get(node.index());
      out.append(",\n{\"ph\":\"X\",\"pid\":1,\"tid\":")
          .append(Integer.toString(slot.worker() + 1))
          .append(",\"ts\":")
          .append(micros(slot.start()))
          .append(",\"dur\":")
          .append(micros(slot.nanos()))
          .append(",\"name\":")
          .append(quoted(node.op().name()))
          .append(",\"cat\":\"node\",\"args\":{\"node\":")
          .append(Integer.toString(node.index()))
          .append(",\"label\":")
          .append(quoted(node.label()))
          .append(",\"op\":")
          .append(quoted(node.op().toString()));
      operands(out, "reads", node.reads());
      operands(out, "writes", node.writes());
      out.append("}}");
    }
    out.append("\n]}\n");
  }

  private static void operands(Appendable out, String key, List<Tensor> tensors)
      throws IOException {
    out.append(",\"").append(key).append("\":[");
    for (int i = 0; i < tensors.size(); i++) {
      out.append(i == 0 ? "" : ",").append(quoted(tensors.get(i).toString()));
    }
    out.append("]");
  }

  /** Microseconds, the unit of the format. */
  private static String micros(long nanos) {
    return String.format(Locale.ROOT, "%d.%03d", nanos / 1000, nanos % 1000);
  }

  private static String quoted(String text) {
    StringBuilder json = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    return json.append('"').toString();
  }
}
