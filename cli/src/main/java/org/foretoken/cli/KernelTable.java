package org.foretoken.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.foretoken.cli.text.Columns;
import org.foretoken.fp8.InputException;
import org.foretoken.kernels.codegen.KernelResources;

/** The check of kernels as tables, for the terminal and in Markdown. */
final class KernelTable {
  private KernelTable() {}

  /** What the kernels take, for the terminal. */
  static Columns columns(List<KernelCode.Row> rows) {
    Columns table =
        new Columns("kernel", ">variants", ">registers", ">shared", ">stack", ">spilled", "result");
    for (KernelCode.Row row : rows) {
      table.row(
          row.kernel(),
          Integer.toString(row.variants()),
          of(row, KernelResources::registers),
          of(row, KernelResources::sharedBytes),
          of(row, KernelResources::stackBytes),
          of(row, KernelTable::spilled),
          row.failed() ? "FAILED" : "ok");
    }
    return table;
  }

  private static int spilled(KernelResources r) {
    return r.spillStoreBytes() + r.spillLoadBytes();
  }

  private static String of(KernelCode.Row row, Function<KernelResources, Integer> number) {
    return row.resources() == null ? "" : number.apply(row.resources()).toString();
  }

  /** Writes a report as Markdown: operations first, then kernels. */
  static void write(KernelsCommand.Report report, Path file) {
    StringBuilder text = new StringBuilder();
    text.append("Device: ").append(report.description()).append(".\n\n");
    text.append(report.compared() ? compared(report) : compiled(report));
    if (!report.kernels().isEmpty()) {
      text.append('\n').append(kernels(report.kernels()));
    }
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new InputException("--table: cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  /** One row an operation, its worst output and variant. */
  private static String compared(KernelsCommand.Report report) {
    Map<String, double[]> worst = new LinkedHashMap<>();
    Map<String, Long> failures = new LinkedHashMap<>();
    for (KernelsCommand.Line line : report.results()) {
      String operation = operation(line);
      double[] w = worst.computeIfAbsent(operation, o -> new double[3]);
      w[0]++;
      w[1] = Math.max(w[1], line.diff() == null ? 0 : line.diff());
      w[2] = Math.max(w[2], line.maxError() == null ? 0 : line.maxError());
      failures.merge(operation, line.passed() ? 0L : 1L, Long::sum);
    }
    StringBuilder text = new StringBuilder();
    text.append("| operation | outputs compared | worst diff | worst error | failed |\n");
    text.append("| --- | ---: | ---: | ---: | ---: |\n");
    worst.forEach(
        (operation, w) ->
            text.append("| ")
                .append(operation)
                .append(" | ")
                .append((long) w[0])
                .append(" | ")
                .append(KernelsCommand.number(w[1]))
                .append(" | ")
                .append(KernelsCommand.number(w[2]))
                .append(" | ")
                .append(failures.get(operation))
                .append(" |\n"));
    return text.toString();
  }

  private static String compiled(KernelsCommand.Report report) {
    long failed = report.failed();
    return "Compiled, nothing compared: "
        + (report.results().size() - failed)
        + " graphs of one operation; refused: "
        + failed
        + ".\n";
  }

  private static String operation(KernelsCommand.Line line) {
    return line.operation().split(" ", 2)[0];
  }

  private static String kernels(List<KernelCode.Row> rows) {
    StringBuilder text = new StringBuilder();
    text.append(
        "| kernel | variants | registers | shared bytes | stack bytes | spilled bytes | found |\n");
    text.append("| --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
    for (KernelCode.Row row : rows) {
      text.append("| ")
          .append(
              String.join(
                  " | ",
                  row.kernel(),
                  Integer.toString(row.variants()),
                  of(row, KernelResources::registers),
                  of(row, KernelResources::sharedBytes),
                  of(row, KernelResources::stackBytes),
                  of(row, KernelTable::spilled),
                  row.findings().isEmpty() ? "nothing" : String.join("; ", row.findings())))
          .append(" |\n");
    }
    return text.toString();
  }
}
