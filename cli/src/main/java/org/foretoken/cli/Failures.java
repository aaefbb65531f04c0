package org.foretoken.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.foretoken.cli.config.DidYouMean;
import org.foretoken.fp8.InputException;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns whatever went wrong into one line for the user and an exit code. */
public final class Failures {
  /** The run failed. */
  static final int FAILED = 1;

  /** The input was wrong. */
  static final int WRONG_INPUT = 2;

  private Failures() {}

  /** The exit code for a failure: 2 for input that the user can put right, 1 for all else. */
  static int exitCode(Throwable failure) {
    Throwable cause = unwrap(failure);
    return cause instanceof InputException || cause instanceof ParameterException
        ? WRONG_INPUT
        : FAILED;
  }

  /** What happened and what to do about it, in one line. */
  public static String oneLine(Throwable failure) {
    Throwable cause = unwrap(failure);
    String text =
        switch (cause) {
          case InputException e -> e.getMessage();
          case UnmatchedArgumentException e -> unmatched(e);
          case ParameterException e -> e.getMessage();
          case OutOfMemoryError e -> outOfMemory(e);
          case StackOverflowError e -> "the stack overflowed; run with --debug to see where";
          case IOException e -> io(e);
          case UncheckedIOException e -> e.getMessage();
          default -> named(cause);
        };
    return text == null ? named(cause) : text.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  /** The failure without the exceptions that only carry it; one with words of its own stays. */
  private static Throwable unwrap(Throwable failure) {
    Throwable t = failure;
    while (t.getCause() != null && carries(t)) {
      t = t.getCause();
    }
    return t;
  }

  private static boolean carries(Throwable t) {
    return switch (t) {
      case UncheckedIOException e -> e.getCause().toString().equals(e.getMessage());
      case ExecutionException e -> true;
      case CompletionException e -> true;
      case CommandLine.ExecutionException e -> true;
      default -> false;
    };
  }

  private static String outOfMemory(OutOfMemoryError e) {
    String what = e.getMessage() == null ? "" : " (" + e.getMessage() + ")";
    long heap = Runtime.getRuntime().maxMemory() >> 20;
    return "out of memory"
        + what
        + ": the Java heap may take "
        + heap
        + " MiB; make the model, the batch or the sequence smaller, or set"
        + " FORETOKEN_JAVA_OPTS=-Xmx<size>";
  }

  private static String io(IOException e) {
    String message = String.valueOf(e.getMessage());
    if (message.toLowerCase(Locale.ROOT).contains("no space left on device")) {
      return message + "; free some space or choose another folder with --out";
    }
    if (e instanceof MalformedInputException) {
      return "text that is not UTF-8 (" + message + ")";
    }
    if (e instanceof FileSystemException f && f.getFile() != null) {
      return switch (f) {
        case NoSuchFileException n -> n.getFile() + ": no such file or folder";
        case AccessDeniedException a -> a.getFile() + ": permission denied";
        case FileAlreadyExistsException a -> a.getFile() + ": exists already, and is not a folder";
        case NotDirectoryException n -> n.getFile() + ": not a folder";
        case DirectoryNotEmptyException d -> d.getFile() + ": the folder is not empty";
        default -> f.getFile() + ": " + (f.getReason() == null ? named(f) : f.getReason());
      };
    }
    return named(e);
  }

  private static String named(Throwable t) {
    String name = t.getClass().getSimpleName();
    boolean ownWords = t.getClass().getName().startsWith("org.foretoken.");
    if (t.getMessage() == null || t.getMessage().isBlank()) {
      return name + "; run with --debug to see where";
    }
    return ownWords ? t.getMessage() : name + ": " + t.getMessage();
  }

  private static String unmatched(UnmatchedArgumentException e) {
    CommandSpec command = e.getCommandLine().getCommandSpec();
    List<String> unmatched = e.getUnmatched();
    String first = unmatched.isEmpty() ? "" : unmatched.getFirst();
    String name = first.startsWith("-") ? first.replaceFirst("=.*", "") : first;
    boolean option = name.startsWith("-");
    boolean subcommand = !option && !command.subcommands().isEmpty();
    Collection<String> known = option ? options(command) : command.subcommands().keySet();
    String kind = option ? "option" : subcommand ? "command" : "argument";
    String hint = option || subcommand ? DidYouMean.hint(name, known) : "";
    String way = hint.isEmpty() ? "; see '" + command.qualifiedName() + " --help'" : hint;
    return "unknown " + kind + " '" + name + "'" + way;
  }

  private static List<String> options(CommandSpec command) {
    return command.options().stream()
        .filter(o -> !o.hidden())
        .map(Failures::names)
        .flatMap(List::stream)
        .toList();
  }

  private static List<String> names(ArgSpec arg) {
    return List.of(((CommandLine.Model.OptionSpec) arg).names());
  }
}
