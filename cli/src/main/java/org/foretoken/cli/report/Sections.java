package org.foretoken.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.foretoken.cli.metrics.MemoryBill;
import org.foretoken.cli.metrics.MetricsLine;
import org.foretoken.cli.metrics.RunHistory;
import org.foretoken.cli.text.Numbers;
import org.foretoken.model.memory.KvCache;

/** The report's tables. */
final class Sections {
  private Sections() {}

  /** How many targets train each position, by depth. */
  static void signal(RunHistory run, StringBuilder out) {
    List<Integer> targets = run.start().targetsPerSequence();
    int length = run.start().config().path("train").path("sequence_length").asInt();
    int all = targets.stream().mapToInt(Integer::intValue).sum();
    double lambda = run.steps().isEmpty() ? Double.NaN : run.steps().getLast().mtpLambda();
    out.append("<h2>Training signal</h2>\n<p>A sequence of ").append(length);
    out.append(" tokens has ").append(all).append(" targets, ");
    out.append(Numbers.fixed(all / (double) length, 2)).append(" a position; plain next-token");
    out.append(" training has ").append(targets.getFirst()).append(". Weights are those of the");
    out.append(" last step’s loss.</p>\n<div class=\"scroll\"><table>\n");
    out.append(
        Html.head(List.of("Depth", "Position i predicts", "Targets", "Weight in the loss", "")));
    out.append("<tbody>\n");
    for (int k = 0; k < targets.size(); k++) {
      String weight =
          k == 0
              ? "1"
              : Double.isNaN(lambda) ? "" : Numbers.fixed(lambda / (targets.size() - 1), 3);
      String row =
          Html.row(
              List.of(
                  k == 0 ? "main" : "depth " + k,
                  "token i + " + (k + 1),
                  Numbers.count(targets.get(k)),
                  weight));
      String bar = Html.bar(targets.get(k) / (double) length, SampleView.colour(k));
      out.append(row.replace("</tr>", bar + "</tr>"));
    }
    out.append("</tbody></table></div>\n");
  }

  /** What the run keeps in memory. */
  static void memory(MemoryBill bill, StringBuilder out) {
    out.append("<h2>Memory</h2>\n<p>Planned before the first allocation, without the Java heap.");
    out.append(" Buffers whose lives do not meet share memory: without that, activations would");
    out.append(" take ").append(Numbers.bytes(bill.activationBytesWithoutReuse()));
    out.append(".</p>\n<div class=\"scroll\"><table>\n");
    out.append(
        Html.head(
            List.of(
                "",
                "Parameters",
                "Weights, F32",
                "Gradients, F32",
                "Moments, " + bill.momentsType(),
                "Sum",
                "")));
    out.append("<tbody>\n");
    double total = bill.totalBytes();
    for (MemoryBill.Component c : bill.components()) {
      String module = c.name().replaceFirst("MTP module ", "");
      String colour = module.matches("\\d+") ? SampleView.colour(Integer.parseInt(module)) : "d0";
      line(
          List.of(
              c.name(),
              Numbers.count(c.parameters()),
              Numbers.bytes(c.weightBytes()),
              Numbers.bytes(c.gradientBytes()),
              Numbers.bytes(c.momentBytes()),
              Numbers.bytes(c.totalBytes())),
          Html.bar(c.totalBytes() / total, colour),
          out);
    }
    line(
        List.of("other resident tensors", "", "", "", "", Numbers.bytes(bill.otherResidentBytes())),
        Html.bar(bill.otherResidentBytes() / total, "other"),
        out);
    line(
        List.of("activations", "", "", "", "", Numbers.bytes(bill.activationBytes())),
        Html.bar(bill.activationBytes() / total, "other"),
        out);
    String sum =
        Html.row(
            List.of(
                "total",
                Numbers.count(bill.parameters()),
                sum(bill, "weights"),
                sum(bill, "gradients"),
                sum(bill, "moments"),
                Numbers.bytes(bill.totalBytes()),
                ""));
    out.append(sum.replace("<tr>", "<tr class=\"sum\">")).append("</tbody></table></div>\n");
    if (bill.kvCache() != null) {
      cache(bill.kvCache(), out);
    }
  }

  /** What decoding keeps of a token, beside other attentions with the same heads. */
  private static void cache(KvCache cache, StringBuilder out) {
    out.append("<p>Decoding keeps keys and values of each token, in FP32 in ");
    out.append(Numbers.count(cache.blocks())).append(" blocks.</p>\n");
    out.append("<div class=\"scroll\"><table>\n");
    out.append(Html.head(List.of("Cache of a token", "Values a block", "Bytes", "")));
    out.append("<tbody>\n");
    String own = cache.latent() ? "this model, latent attention" : "this model";
    String heads = Numbers.count(cache.heads()) + " heads";
    String grouped = Numbers.count(cache.groupedHeads()) + " key heads";
    cacheLine(own, cache.kept(), cache, out);
    cacheLine("multi-head attention, " + heads, cache.multiHead(), cache, out);
    cacheLine("grouped-query attention, " + grouped, cache.groupedQuery(), cache, out);
    out.append("</tbody></table></div>\n");
  }

  private static void cacheLine(String name, long values, KvCache cache, StringBuilder out) {
    double longest = Math.max(cache.kept(), cache.multiHead());
    line(
        List.of(name, Numbers.count(values), Numbers.bytes(values * cache.blocks() * Float.BYTES)),
        Html.bar(values / longest, "d0"),
        out);
  }

  private static String sum(MemoryBill bill, String what) {
    long bytes = 0;
    for (MemoryBill.Component c : bill.components()) {
      bytes +=
          switch (what) {
            case "weights" -> c.weightBytes();
            case "gradients" -> c.gradientBytes();
            default -> c.momentBytes();
          };
    }
    return Numbers.bytes(bytes);
  }

  private static void line(List<String> cells, String bar, StringBuilder out) {
    out.append(Html.row(cells).replace("</tr>", bar + "</tr>"));
  }

  /** Where and with what the run was made. */
  static void provenance(RunHistory run, StringBuilder out) {
    MetricsLine.Start start = run.start();
    out.append("<h2>How it was made</h2>\n<div class=\"scroll\"><table><tbody>\n");
    fact("Device", start.deviceDescription(), out);
    fact("Data", start.data(), out);
    fact("Program", "foretoken " + start.version(), out);
    fact("Commit", start.commit() == null ? "not known" : start.commit(), out);
    fact("JDK", start.jdk(), out);
    fact("Started", start.time() + (start.firstStep() > 0 ? " (resumed)" : ""), out);
    run.end()
        .ifPresent(
            e -> {
              fact("Ended", e.time() + ", after " + Numbers.duration(e.seconds()), out);
              fact("Checkpoint", e.checkpoint(), out);
            });
    out.append("</tbody></table></div>\n");
    out.append("<details><summary>Configuration</summary>\n<pre>");
    StringBuilder yaml = new StringBuilder();
    yaml(start.config(), "", yaml);
    out.append(Html.escape(yaml.toString())).append("</pre></details>\n");
  }

  private static void fact(String name, String value, StringBuilder out) {
    out.append("<tr><th scope=\"row\">").append(name).append("</th><td class=\"text\">");
    out.append(Html.escape(value)).append("</td></tr>\n");
  }

  private static void yaml(JsonNode node, String indent, StringBuilder out) {
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      out.append(indent).append(entry.getKey()).append(':');
      if (entry.getValue().isObject()) {
        out.append('\n');
        yaml(entry.getValue(), indent + "  ", out);
      } else {
        out.append(' ').append(entry.getValue()).append('\n');
      }
    }
  }
}
