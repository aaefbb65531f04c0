package org.foretoken.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.foretoken.cli.metrics.MetricsJson;
import org.foretoken.cli.text.Numbers;
import org.foretoken.kernels.cuda.WgmmaKernels;
import org.foretoken.kernels.graph.Backend;
import org.foretoken.kernels.graph.Executable;
import org.foretoken.kernels.reference.OperationCase;
import org.foretoken.kernels.reference.OperationCases;
import org.foretoken.kernels.reference.OperationParity;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code foretoken kernels}: holds every operation of a device to the host's. */
@Command(
    name = "kernels",
    sortOptions = false,
    description =
        "With --check, runs every operation of the catalog on a device and compares it with the"
            + " host, and searches the code that TornadoVM generated for what it is known to"
            + " compile wrongly; exit code 1 where one differs, fails, or is found.")
final class KernelsCommand extends ForetokenCommand {
  /** Which sizes of the catalog to run. */
  enum Sizes {
    /** 7 rows of 207 columns. */
    ONE,
    /** All of the catalog's: 1 to 130 rows of 1 to 4098 columns. */
    ALL
  }

  /**
   * One output of one operation, as JSON has it.
   *
   * @param diff 1 - 2 sum(xy) / (sum(xx) + sum(yy)); null where nothing was compared
   * @param failure what the device said where it failed; null otherwise
   */
  record Line(
      String operation,
      String output,
      Double diff,
      Double maxError,
      Long mismatches,
      String allowed,
      double milliseconds,
      boolean passed,
      String failure) {}

  /** The whole check, as JSON has it. */
  record Report(
      String device,
      String description,
      boolean compared,
      long failed,
      List<Line> results,
      List<KernelCode.Row> kernels) {}

  @Option(names = "--check", description = "Run the check.")
  private boolean check;

  @Option(
      names = "--device",
      paramLabel = "D",
      description = "Device to check (default: gpu where TORNADOVM_HOME is set, else emulator).")
  private String device;

  @Mixin private GpuOptions gpu;

  @Option(
      names = "--sizes",
      paramLabel = "S",
      description = "Sizes to run: one (7 x 207, default) or all.")
  private Sizes sizes = Sizes.ONE;

  @Option(
      names = "--only",
      paramLabel = "TEXT",
      description = "Only operations whose name contains TEXT, such as MatMul.")
  private String only = "";

  @Option(
      names = "--part",
      paramLabel = "I/N",
      description =
          "Only every N-th operation from the I-th on, so that several processes share a check.")
  private String part = "1/1";

  @Option(
      names = "--compile-only",
      description = "Compare nothing: for a driver that compiles and does not run.")
  private boolean compileOnly;

  @Option(
      names = "--budget",
      paramLabel = "SECONDS",
      description = "Run nothing more after so long; operations that are left have not passed.")
  private double budget;

  @Option(
      names = "--code",
      paramLabel = "DIR",
      description = "Keep the generated sources, and cubins for sm_90, in this folder.")
  private Path code;

  @Option(
      names = "--table",
      paramLabel = "FILE",
      description = "Write the results and what the compiled kernels take as Markdown.")
  private Path table;

  @Option(
      names = "--ptx",
      paramLabel = "DIR",
      description =
          "Write the project's own PTX kernels, every variant, into this folder: what"
              + " bench/gpu/wgmma.py measures.")
  private Path ptx;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    if (ptx != null) {
      writePtx();
      if (!check) {
        return 0;
      }
    }
    if (!check) {
      throw wrong("kernels: expected --check or --ptx; see 'foretoken kernels --help'");
    }
    List<OperationCase> operations =
        new ArrayList<>(sizes == Sizes.ALL ? OperationCases.all() : OperationCases.of(7, 207));
    operations.addAll(OperationCases.products(64, 128, 256)); // which fits tensor cores
    operations.addAll(OperationCases.products(256, 128, 512)); // and the larger tiles
    operations.removeIf(o -> !o.name().contains(only));
    if (operations.isEmpty()) {
      throw wrong("--only: expected part of an operation's name, found '" + only + "'");
    }
    operations = ofPart(operations);
    String name = device == null ? Devices.kernelDevice() : device;
    KernelCode kernels = KernelCode.open(name);
    String description;
    try (Backend backend = gpu.open(name, false)) {
      description = backend.description();
    }
    Rows printed = json ? null : new Rows(operations);
    if (!json) {
      out().println("device  " + description);
      printed.header();
    }
    List<Line> lines = new ArrayList<>();
    List<KernelCode.Row> rows;
    try (TimeBudget time = new TimeBudget(budget)) {
      for (OperationCase operation : operations) {
        List<Line> done =
            time.run(() -> run(operation, name), why -> List.of(without(operation, why)));
        lines.addAll(done);
        if (printed != null) {
          done.forEach(printed::print);
        }
        kernels.collect();
      }
      rows = kernels.examine(code, time::spent);
    }
    long failed = lines.stream().filter(l -> !l.passed()).count();
    Report report = new Report(name, description, !compileOnly, failed, lines, rows);
    if (table != null) {
      KernelTable.write(report, table);
    }
    if (json) {
      out().println(MetricsJson.line(report));
    } else {
      summary(lines, failed);
      printKernels(rows);
    }
    return failed == 0 && rows.stream().noneMatch(KernelCode.Row::failed) ? 0 : 1;
  }

  private List<OperationCase> ofPart(List<OperationCase> operations) {
    Matcher numbers = Pattern.compile("([1-9]\\d{0,3})/([1-9]\\d{0,3})").matcher(part);
    if (!numbers.matches() || number(numbers, 1) > number(numbers, 2)) {
      throw wrong("--part: expected I/N with I from 1 to N, such as 2/4, found '" + part + "'");
    }
    List<OperationCase> ours = new ArrayList<>();
    for (int i = number(numbers, 1) - 1; i < operations.size(); i += number(numbers, 2)) {
      ours.add(operations.get(i));
    }
    return ours;
  }

  private static int number(Matcher numbers, int group) {
    return Integer.parseInt(numbers.group(group));
  }

  private void writePtx() {
    try {
      for (Path file : WgmmaKernels.write(ptx)) {
        out().println(file);
      }
    } catch (IOException e) {
      throw wrong("--ptx " + ptx + ": cannot be written: " + e.getMessage());
    }
  }

  /** Runs one operation on devices of its own, so that a failure ends where it began. */
  private List<Line> run(OperationCase operation, String name) {
    try (Backend tested = gpu.open(name, true)) {
      if (compileOnly) {
        return List.of(compile(operation, tested));
      }
      try (Backend host = Devices.open("host")) {
        return OperationParity.run(operation, tested, host).stream()
            .map(KernelsCommand::line)
            .toList();
      }
    } catch (RuntimeException e) {
      return List.of(without(operation, Failures.oneLine(e)));
    }
  }

  private static Line without(OperationCase operation, String why) {
    return new Line(operation.name(), "", null, null, null, "", 0, false, why);
  }

  private static Line compile(OperationCase operation, Backend tested) {
    Executable executable = tested.compile(operation.graph());
    operation.upload(tested);
    long start = System.nanoTime();
    executable.run();
    double ms = (System.nanoTime() - start) / 1e6;
    return new Line(operation.name(), "", null, null, null, "compiles", ms, true, null);
  }

  private static Line line(OperationParity.Result r) {
    return new Line(
        r.operation(),
        r.operand(),
        r.error().similarity(),
        r.error().max(),
        r.error().mismatches(),
        r.tolerance().toString(),
        r.nanos() / 1e6,
        r.passed(),
        null);
  }

  /** The table of results, each row printed when it is known: a check takes minutes on a device. */
  private final class Rows {
    private final String format;

    Rows(List<OperationCase> operations) {
      int width = operations.stream().mapToInt(o -> o.name().length()).max().orElse(0);
      format = "%-" + Math.max(9, width) + "s  %-12s  %8s  %9s  %-29s  %8s  %s";
    }

    void header() {
      line("operation", "output", "diff", "max error", "allowed", "ms", "result");
    }

    void print(Line l) {
      line(
          l.operation(),
          l.output(),
          number(l.diff()),
          number(l.maxError()),
          l.allowed(),
          Numbers.fixed(l.milliseconds(), 2),
          l.passed() ? "ok" : "FAILED" + (l.failure() == null ? "" : ": " + l.failure()));
    }

    private void line(Object... cells) {
      out().println(String.format(Locale.ROOT, format, cells).stripTrailing());
      out().flush();
    }
  }

  private void summary(List<Line> lines, long failed) {
    out().println();
    if (failed == 0) {
      out().println((compileOnly ? "compiled: " : "passed: ") + lines.size() + " results");
      return;
    }
    Line first = lines.stream().filter(l -> !l.passed()).findFirst().orElseThrow();
    out()
        .println(
            "FAILED: "
                + failed
                + " of "
                + lines.size()
                + " results, first '"
                + first.operation()
                + "'");
  }

  private void printKernels(List<KernelCode.Row> rows) {
    if (rows.isEmpty()) {
      return;
    }
    out().println();
    KernelTable.columns(rows).lines().forEach(out()::println);
    for (KernelCode.Row row : rows) {
      row.findings().forEach(finding -> out().println("FAILED: " + finding));
    }
    long bad = rows.stream().filter(KernelCode.Row::failed).count();
    out().println();
    out()
        .println(
            bad == 0
                ? rows.size()
                    + " kernels: no known miscompilation, no spills in products or attention"
                : "FAILED: " + bad + " of " + rows.size() + " kernels");
  }

  static String number(Double value) {
    return value == null ? "" : value == 0 ? "0" : String.format(Locale.ROOT, "%.1e", value);
  }
}
