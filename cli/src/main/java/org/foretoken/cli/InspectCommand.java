package org.foretoken.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.foretoken.cli.text.ColumnTable;
import org.foretoken.cli.text.Numbers;
import org.foretoken.model.checkpoint.TensorInfo;
import org.foretoken.model.convert.ExponentHistogram;
import org.foretoken.model.convert.RecipeCost;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken inspect}: what a safetensors file or checkpoint folder holds. */
@Command(
    name = "inspect",
    sortOptions = false,
    description =
        "Shows the tensors of a safetensors file or checkpoint folder, the exponents of its values,"
            + " and what each recipe would make of its linear layers.",
    footer = {
      "",
      "Examples:",
      "  foretoken inspect model/",
      "  foretoken inspect a.safetensors --json"
    })
final class InspectCommand extends ForetokenCommand {
  private static final int ROWS = 40;
  private static final int BAR = 40;

  @Parameters(paramLabel = "FILE|FOLDER", description = "Safetensors file or checkpoint folder.")
  private Path path;

  @Option(names = "--all", description = "List every tensor, not the first " + ROWS + " only.")
  private boolean all;

  @Option(
      names = "--sample",
      paramLabel = "N",
      description =
          "Values to measure exponents and recipes on, whole tensors (default: 16777216).")
  private long sample = 1 << 24;

  @Option(names = "--json", description = "Print one JSON object on standard output.")
  private boolean json;

  @Override
  public Integer call() {
    if (sample < 1) {
      throw wrong("--sample: expected at least 1, found " + sample);
    }
    try (Inspection inspection = Inspection.of(path, sample)) {
      if (json) {
        out().println(json(inspection));
      } else {
        print(inspection);
      }
    }
    return 0;
  }

  private void print(Inspection inspection) {
    ColumnTable tensors = new ColumnTable("tensor", "type", "shape", "size");
    int shown = 0;
    for (TensorInfo tensor : inspection.tensors()) {
      if (all || shown < ROWS) {
        tensors.row(
            tensor.name(), tensor.dtype().name(), shape(tensor), Numbers.bytes(tensor.bytes()));
        shown++;
      }
    }
    tensors.lines().forEach(out()::println);
    if (shown < inspection.tensors().size()) {
      out().println("... " + (inspection.tensors().size() - shown) + " more (--all lists them)");
    }
    out().println();
    List<String> types = new ArrayList<>();
    inspection.bytesByType().forEach((type, n) -> types.add(type + " " + Numbers.bytes(n)));
    out()
        .printf(
            Locale.ROOT,
            "%d tensors in %d files, %s values: %s%n",
            inspection.tensors().size(),
            inspection.files(),
            Numbers.count(inspection.elements()),
            String.join(", ", types));
    inspection.metadata().forEach((key, value) -> out().println("metadata " + key + ": " + value));
    printExponents(inspection);
    printRecipes(inspection);
  }

  private static String shape(TensorInfo tensor) {
    return tensor.shape().isEmpty()
        ? "scalar"
        : String.join("x", tensor.shape().stream().map(String::valueOf).toList());
  }

  private void printExponents(Inspection inspection) {
    ExponentHistogram histogram = inspection.exponents();
    if (histogram.total() == 0) {
      return;
    }
    out().println();
    out()
        .println(
            "exponents of "
                + Numbers.count(histogram.total())
                + " values ("
                + inspection.sampled()
                + " of "
                + inspection.countable()
                + " tensors), codes without their scales:");
    long most = 0;
    for (int e = ExponentHistogram.SMALLEST; e <= ExponentHistogram.LARGEST; e++) {
      most = Math.max(most, histogram.count(e));
    }
    for (int e = ExponentHistogram.LARGEST; e >= ExponentHistogram.SMALLEST; e--) {
      if (histogram.count(e) > 0) {
        exponentLine("2^" + e, histogram.count(e), most, histogram.total());
      }
    }
    exponentLine("zero", histogram.zeros(), 0, histogram.total());
    exponentLine("infinite", histogram.infinities(), 0, histogram.total());
    exponentLine("NaN", histogram.nans(), 0, histogram.total());
  }

  private void exponentLine(String name, long count, long most, long total) {
    if (count > 0) {
      int length = most == 0 ? 0 : (int) Math.ceilDiv(count * BAR, most);
      String line =
          String.format(
              Locale.ROOT,
              "  %-8s %8s %14s  %s",
              name,
              Numbers.percent((double) count / total),
              Numbers.count(count),
              "#".repeat(length));
      out().println(line.stripTrailing());
    }
  }

  private void printRecipes(Inspection inspection) {
    if (inspection.linearWeights() == 0) {
      out().println();
      out().println("no linear weights in F32, BF16 or F16: nothing that a recipe would quantize");
      return;
    }
    out().println();
    out()
        .println(
            inspection.linearWeights()
                + " linear weights of "
                + Numbers.bytes(inspection.linearBytes())
                + " under each recipe; errors measured on "
                + inspection.measuredWeights()
                + " of them:");
    ColumnTable table =
        new ColumnTable("recipe", "size", "bits", "SQNR dB", "worst dB", "saturated", "underflow");
    for (RecipeCost cost : inspection.recipes()) {
      boolean measured = cost.measured() > 0;
      table.row(
          cost.recipe().name(),
          Numbers.bytes(cost.bytes()),
          Numbers.fixed(cost.bitsPerWeight(), 3),
          measured ? decibels(cost.sqnrDecibels()) : "-",
          measured ? decibels(cost.worstDecibels()) : "-",
          measured ? ConversionReport.share(cost.saturationShare()) : "-",
          measured ? ConversionReport.share(cost.underflowShare()) : "-");
    }
    table.lines().forEach(out()::println);
  }

  private static String decibels(double value) {
    return Double.isFinite(value) ? Numbers.fixed(value, 2) : "exact";
  }

  private static ObjectNode json(Inspection inspection) {
    ObjectNode node = Json.object();
    node.put("files", inspection.files());
    node.put("values", inspection.elements());
    ObjectNode types = node.putObject("bytes_by_type");
    inspection.bytesByType().forEach((type, n) -> types.put(type.name(), n));
    ObjectNode metadata = node.putObject("metadata");
    inspection.metadata().forEach(metadata::put);
    ArrayNode tensors = node.putArray("tensors");
    for (TensorInfo tensor : inspection.tensors()) {
      ObjectNode row = tensors.addObject();
      row.put("name", tensor.name());
      row.put("dtype", tensor.dtype().name());
      ArrayNode shape = row.putArray("shape");
      tensor.shape().forEach(shape::add);
      row.put("bytes", tensor.bytes());
    }
    ExponentHistogram histogram = inspection.exponents();
    ObjectNode exponents = node.putObject("exponents");
    exponents.put("values", histogram.total());
    exponents.put("zeros", histogram.zeros());
    exponents.put("infinities", histogram.infinities());
    exponents.put("nans", histogram.nans());
    ObjectNode counts = exponents.putObject("counts");
    for (int e = ExponentHistogram.SMALLEST; e <= ExponentHistogram.LARGEST; e++) {
      if (histogram.count(e) > 0) {
        counts.put(Integer.toString(e), histogram.count(e));
      }
    }
    ArrayNode recipes = node.putArray("recipes");
    for (RecipeCost cost : inspection.recipes()) {
      ObjectNode row = recipes.addObject();
      row.put("recipe", cost.recipe().name());
      row.put("bytes", cost.bytes());
      row.put("bits_per_weight", cost.bitsPerWeight());
      row.put("measured", cost.measured());
      if (cost.measured() > 0) {
        Json.putFinite(row, "sqnr_db", cost.sqnrDecibels());
        Json.putFinite(row, "worst_db", cost.worstDecibels());
        row.put("worst_tensor", cost.worstTensor());
        row.put("saturation_share", cost.saturationShare());
        row.put("underflow_share", cost.underflowShare());
      }
    }
    return node;
  }
}
