package org.foretoken.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The program: {@code foretoken COMMAND ...}.
 *
 * <p>Exit codes: 0 done, 1 the run failed, 2 the input was wrong. Errors are one line on standard
 * error that starts with {@code foretoken:}; a stack trace follows only with {@code --debug}.
 */
@Command(
    name = "foretoken",
    description =
        "Trains and runs multi-token-prediction language models in DeepSeek's FP8 recipe.",
    versionProvider = BuildInfo.Provider.class,
    synopsisSubcommandLabel = "COMMAND",
    sortOptions = false,
    usageHelpAutoWidth = true,
    footer =
        "The launcher ./foretoken has two more: bench runs a benchmark suite, bench-gpu all for a GPU.",
    subcommands = {
      // one command a line, in the order of the help page
      TrainCommand.class,
      GenerateCommand.class,
      ExportCommand.class,
      ImportCommand.class,
      ReportCommand.class,
      ExperimentCommand.class,
      QuantizeCommand.class,
      DequantizeCommand.class,
      InspectCommand.class,
      FormatsCommand.class,
      MemoryCommand.class,
      RunCommand.class,
      CompareCommand.class,
      KernelsCommand.class,
      DevicesCommand.class,
      DoctorCommand.class,
    })
public final class Main implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help and leave.")
  @SuppressWarnings("unused") // read by picocli
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show version, commit and JDK, and leave.")
  @SuppressWarnings("unused") // read by picocli
  private boolean version;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of a failure.")
  private boolean debug;

  private Main() {}

  /** Runs the program and leaves the JVM with its exit code. */
  public static void main(String[] args) {
    System.exit(run(System.out, System.err, args));
  }

  /** Runs the program on the given streams and returns its exit code. */
  public static int run(PrintStream out, PrintStream err, String... args) {
    Main main = new Main();
    CommandLine line = new CommandLine(main);
    // Commands of other modules on the class path, such as bench, which this one must not know.
    ServiceLoader.load(ForetokenCommand.class).forEach(line::addSubcommand);
    line.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
    line.setErr(new PrintWriter(err, true, StandardCharsets.UTF_8));
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setAbbreviatedOptionsAllowed(false);
    line.setParameterExceptionHandler((e, rest) -> main.failed(e, line));
    line.setExecutionExceptionHandler((e, command, parsed) -> main.failed(e, line));
    try {
      return line.execute(args);
    } catch (Error e) { // picocli passes errors through: out of memory, stack overflow
      return main.failed(e, line);
    } finally {
      line.getOut().flush();
      line.getErr().flush();
    }
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "no command given; expected one of "
            + String.join(", ", spec.subcommands().keySet())
            + "; see 'foretoken --help'");
  }

  private int failed(Throwable failure, CommandLine line) {
    line.getOut().flush();
    line.getErr().println("foretoken: " + Failures.oneLine(failure));
    if (debug) {
      failure.printStackTrace(line.getErr());
    }
    line.getErr().flush();
    return Failures.exitCode(failure);
  }
}
