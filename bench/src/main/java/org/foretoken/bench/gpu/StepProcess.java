package org.foretoken.bench.gpu;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The launcher in a process of its own, so that a driver that ends the JVM, or hangs, ends one
 * step.
 *
 * @param exitCode of the process; -1 where it was ended at its limit
 * @param output lines of standard output
 * @param errors lines of standard error
 */
record StepProcess(int exitCode, List<String> output, List<String> errors, double seconds) {
  private static final int SECONDS_TO_END = 2;

  /**
   * Runs the launcher.
   *
   * @param launcher the script
   * @param arguments of it
   * @param logs its output goes to this path with {@code .out} and {@code .err}
   * @param limit seconds after which it, and all that it started, is ended
   */
  static StepProcess run(Path launcher, List<String> arguments, Path logs, double limit)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(launcher.toString()));
    command.addAll(arguments);
    File out = new File(logs + ".out");
    File err = new File(logs + ".err");
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .redirectOutput(out)
            .redirectError(err)
            .start();
    Thread onExit = new Thread(() -> end(process));
    Runtime.getRuntime().addShutdownHook(onExit); // as when the user stops the whole run
    boolean done = process.waitFor((long) (limit * 1e9), TimeUnit.NANOSECONDS);
    end(process);
    process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS);
    Runtime.getRuntime().removeShutdownHook(onExit);
    double seconds = (System.nanoTime() - start) / 1e9;
    return new StepProcess(
        done ? process.exitValue() : -1, lines(out.toPath()), lines(err.toPath()), seconds);
  }

  private static void end(Process process) {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process.toHandle());
    all.forEach(ProcessHandle::destroyForcibly);
  }

  /** Drivers and libraries may write what is no UTF-8. */
  private static List<String> lines(Path file) throws IOException {
    return new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.UTF_8)
        .lines()
        .toList();
  }

  boolean ended() {
    return exitCode == -1;
  }

  /** The launcher's own error, or the last line of standard error. */
  String error() {
    return errors.stream()
        .filter(l -> l.startsWith("foretoken: "))
        .reduce((a, b) -> b)
        .map(l -> l.substring("foretoken: ".length()))
        .orElse(
            errors.stream()
                .filter(l -> !l.isBlank())
                .reduce((a, b) -> b)
                .orElse("nothing on standard error"));
  }
}
