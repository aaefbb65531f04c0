package org.foretoken.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import org.foretoken.cli.text.ColumnTable;
import org.foretoken.cli.text.TextTable;
import org.foretoken.fp8.Explanation;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.FormatTable;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationExample;
import org.foretoken.fp8.QuantizationExamples;
import org.foretoken.fp8.Step;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code foretoken formats}: the number formats, their values, and numbers taken apart. */
@Command(
    name = "formats",
    sortOptions = false,
    description =
        "Shows the number formats: fields, range, unit in the last place, every value of the narrow"
            + " ones, and how a number gets into one.",
    footer = {
      "",
      "Examples:",
      "  foretoken formats                      all of them",
      "  foretoken formats e4m3                 one, with its table of values",
      "  foretoken formats e4m3 --value 0.3     a number taken apart, step by step",
      "  foretoken formats --examples           worked examples of scaling"
    })
final class FormatsCommand extends ForetokenCommand {
  private static final int TABLE_BITS = 8;

  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      description = "fp32, tf32, bf16, fp16, e5m6, e4m3, e5m2, e8m0, int8 or e2m1.")
  private String name;

  @Option(
      names = "--value",
      paramLabel = "X",
      description = "Take a number apart: 0.3, -1e-5, 0x1.8p-3, inf, nan.")
  private String value;

  @Option(names = "--table", description = "Print the table of values for up to 16 bits too.")
  private boolean table;

  @Option(names = "--examples", description = "Print worked examples of scaling, every step.")
  private boolean examples;

  @Option(names = "--json", description = "Print JSON on standard output.")
  private boolean json;

  @Override
  public Integer call() {
    if (examples) {
      printExamples();
    } else if (name == null) {
      if (value != null || table) {
        throw wrong("formats: expected a NAME beside --value and --table, found none");
      }
      printAll();
    } else if (value != null) {
      printValue(Explanation.of(Formats.byName(name), number(value)));
    } else {
      printOne(Formats.byName(name));
    }
    return 0;
  }

  private static double number(String text) {
    String plain = text.strip().toLowerCase(Locale.ROOT);
    try {
      return switch (plain) {
        case "inf", "+inf", "infinity", "+infinity" -> Double.POSITIVE_INFINITY;
        case "-inf", "-infinity" -> Double.NEGATIVE_INFINITY;
        case "nan" -> Double.NaN;
        default -> {
          // Double.parseDouble would take "1f" and "1d" for numbers too.
          if (plain.matches(".*[fd]") && !plain.startsWith("0x")) {
            throw new NumberFormatException(plain);
          }
          yield Double.parseDouble(plain);
        }
      };
    } catch (NumberFormatException e) {
      throw new InputException("--value: expected a number, found '" + text + "'", e);
    }
  }

  private void printAll() {
    if (json) {
      ArrayNode all = Json.MAPPER.createArrayNode();
      Formats.ALL.forEach(format -> all.add(describe(format)));
      out().println(all);
      return;
    }
    ColumnTable rows =
        new ColumnTable(
            "format",
            "bits",
            "sign",
            "exponent",
            "mantissa",
            "bias",
            "largest",
            "min normal",
            "min positive",
            "ulp at 1",
            "infinity",
            "NaN");
    for (Format format : Formats.ALL) {
      rows.row(
          format.name(),
          Integer.toString(format.bits()),
          format.signed() ? "1" : "0",
          Integer.toString(format.exponentBits()),
          Integer.toString(format.mantissaBits()),
          Integer.toString(format.bias()),
          number(format.max()),
          number(format.minNormal()),
          number(format.minPositive()),
          number(format.ulp(1)),
          format.hasInfinity() ? "yes" : "no",
          format.hasNan() ? "yes" : "no");
    }
    rows.lines().forEach(out()::println);
  }

  /** Powers of two as such, all else in six digits. */
  private static String number(double x) {
    int exponent = Math.getExponent(x);
    boolean power = x > 0 && x == Math.scalb(1.0, exponent);
    if (power && (exponent < -3 || exponent > 16)) {
      return "2^" + exponent;
    }
    boolean plain = x == Math.rint(x) && Math.abs(x) < 1e7;
    return plain ? Long.toString((long) x) : String.format(Locale.ROOT, "%.6g", x);
  }

  private static ObjectNode describe(Format format) {
    ObjectNode node = Json.object();
    node.put("name", format.name());
    node.put("bits", format.bits());
    node.put("sign_bits", format.signed() ? 1 : 0);
    node.put("exponent_bits", format.exponentBits());
    node.put("mantissa_bits", format.mantissaBits());
    node.put("bias", format.bias());
    node.put("max", format.max());
    node.put("min", format.min());
    node.put("min_normal", format.minNormal());
    node.put("min_positive", format.minPositive());
    node.put("ulp_at_1", format.ulp(1));
    node.put("has_infinity", format.hasInfinity());
    node.put("has_nan", format.hasNan());
    return node;
  }

  private void printOne(Format format) {
    boolean rows = format.bits() <= TABLE_BITS || table;
    List<FormatTable.Row> all = rows ? FormatTable.rows(format) : List.of();
    if (json) {
      ObjectNode node = describe(format);
      ArrayNode values = node.putArray("values");
      for (FormatTable.Row row : all) {
        ObjectNode entry = values.addObject();
        entry.put("code", row.code());
        entry.put("bits", row.bits());
        entry.put("kind", row.kind().name().toLowerCase(Locale.ROOT));
        Json.putFinite(entry, "value", row.value());
      }
      out().println(node);
      return;
    }
    TextTable head = new TextTable();
    head.row("format", format.name());
    head.row(
        "fields",
        (format.signed() ? "1 sign, " : "no sign, ")
            + format.exponentBits()
            + " exponent (bias "
            + format.bias()
            + "), "
            + format.mantissaBits()
            + " mantissa");
    head.row("largest", number(format.max()));
    head.row("smallest", number(format.min()));
    head.row("smallest normal", number(format.minNormal()));
    head.row("smallest positive", number(format.minPositive()));
    head.row("ulp at 1", number(format.ulp(1)));
    head.row("infinity, NaN", yes(format.hasInfinity()) + ", " + yes(format.hasNan()));
    head.lines().forEach(out()::println);
    if (rows) {
      out().println();
      ColumnTable values = new ColumnTable("code", "bits", "kind", "value");
      int digits = (format.bits() + 3) / 4;
      for (FormatTable.Row row : all) {
        values.row(
            String.format("0x%0" + digits + "X", row.code()),
            row.bits(),
            row.kind().name().toLowerCase(Locale.ROOT),
            Double.toString(row.value()));
      }
      values.lines().forEach(out()::println);
    }
  }

  private static String yes(boolean flag) {
    return flag ? "yes" : "no";
  }

  private void printValue(Explanation explanation) {
    if (json) {
      ObjectNode node = Json.object();
      node.put("format", explanation.format().name());
      Json.putFinite(node, "value", explanation.value());
      node.put("code", explanation.code());
      node.put("bits", explanation.bits());
      Json.putFinite(node, "rounded", explanation.rounded());
      Json.putFinite(node, "error", explanation.error());
      Json.putFinite(node, "relative_error", explanation.relativeError());
      Json.putFinite(node, "ulp", explanation.ulp());
      node.put("tie", explanation.tie());
      steps(node, explanation.steps());
      out().println(node);
    } else {
      print(explanation.steps());
    }
  }

  private void printExamples() {
    if (json) {
      ArrayNode all = Json.MAPPER.createArrayNode();
      for (QuantizationExample example : QuantizationExamples.all()) {
        steps(all.addObject().put("title", example.title()), example.steps());
      }
      out().println(all);
      return;
    }
    for (QuantizationExample example : QuantizationExamples.all()) {
      out().println(example.title());
      print(example.steps());
      out().println();
    }
  }

  private static void steps(ObjectNode node, List<Step> steps) {
    ArrayNode array = node.putArray("steps");
    for (Step step : steps) {
      array
          .addObject()
          .put("what", step.what())
          .put("how", step.how())
          .put("result", step.result());
    }
  }

  private void print(List<Step> steps) {
    int what = steps.stream().mapToInt(step -> step.what().length()).max().orElse(0);
    for (Step step : steps) {
      out()
          .println(
              "  "
                  + step.what()
                  + " ".repeat(what - step.what().length())
                  + "  "
                  + step.how()
                  + " = "
                  + step.result());
    }
  }
}
