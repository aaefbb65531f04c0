package org.foretoken.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * What every command of the program extends.
 *
 * <p>{@link #call} returns the exit code: 0 done, 1 the run failed, 2 the input was wrong. A
 * command prints through {@link #out} and {@link #err} only, and reports a mistake by throwing: an
 * {@link org.foretoken.fp8.InputException} becomes one line and exit code 2, any other exception
 * one line and exit code 1 (see {@link Failures}).
 */
public abstract class ForetokenCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  /** Standard output: results. */
  protected final PrintWriter out() {
    return spec.commandLine().getOut();
  }

  /** Standard error: progress, notes and warnings. */
  protected final PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /**
   * An option or argument is wrong: {@code message} says what was expected and found; exit code 2.
   */
  protected final RuntimeException wrong(String message) {
    return new org.foretoken.fp8.InputException(message);
  }
}
