package org.foretoken.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import org.foretoken.cli.text.ColumnTable;
import org.foretoken.cli.text.Numbers;
import org.foretoken.model.convert.ConversionResult;
import org.foretoken.model.convert.TensorReport;

/** What a conversion did, for people and for programs. */
final class ConversionReport {
  private static final int NAMES_SHOWN = 5;

  private ConversionReport() {}

  static void print(PrintWriter out, ConversionResult result, boolean report) {
    if (report) {
      table(result.reports()).lines().forEach(out::println);
      out.println();
    }
    if (!result.unknown().isEmpty()) {
      out.println(
          "left as they are, for no rule knows their names ("
              + result.unknown().size()
              + "): "
              + names(result.unknown())
              + "; --include names those that are linear layers");
    }
    String resumed = result.resumed() == 0 ? "" : ", " + result.resumed() + " by an earlier run";
    out.printf(
        Locale.ROOT,
        "%s: %d weights in %d files%s, %s from %s%n",
        result.output(),
        result.converted().size(),
        result.shards(),
        resumed,
        Numbers.bytes(result.outputBytes()),
        Numbers.bytes(result.inputBytes()));
  }

  private static String names(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size())));
    return names.size() > NAMES_SHOWN ? shown + ", ..." : shown;
  }

  private static ColumnTable table(List<TensorReport> reports) {
    ColumnTable table =
        new ColumnTable(
            "tensor (worst first)", "shape", "SQNR dB", "largest error", "saturated", "underflow");
    for (TensorReport r : reports) {
      table.row(
          r.tensor(),
          r.rows() + "x" + r.columns(),
          Double.isFinite(r.sqnrDecibels()) ? Numbers.fixed(r.sqnrDecibels(), 2) : "exact",
          String.format(Locale.ROOT, "%.4g", r.largestError()),
          share(r.saturationShare()),
          share(r.underflowShare()));
    }
    return table;
  }

  /** A share that may be tiny and not zero. */
  static String share(double share) {
    return share == 0 ? "0" : String.format(Locale.ROOT, "%.2e", share);
  }

  static ObjectNode json(ConversionResult result, boolean report) {
    ObjectNode node = Json.object();
    node.put("output", result.output().toString());
    node.put("files", result.shards());
    node.put("files_resumed", result.resumed());
    node.put("input_bytes", result.inputBytes());
    node.put("output_bytes", result.outputBytes());
    node.set("converted", Json.MAPPER.valueToTree(result.converted()));
    node.set("unknown", Json.MAPPER.valueToTree(result.unknown()));
    if (report) {
      ArrayNode tensors = node.putArray("tensors");
      for (TensorReport r : result.reports()) {
        ObjectNode row = tensors.addObject();
        row.put("tensor", r.tensor());
        row.put("file", r.shard());
        row.putArray("shape").add(r.rows()).add(r.columns());
        Json.putFinite(row, "sqnr_db", r.sqnrDecibels());
        row.put("largest_error", r.largestError());
        row.put("saturation_share", r.saturationShare());
        row.put("underflow_share", r.underflowShare());
      }
    }
    return node;
  }
}
