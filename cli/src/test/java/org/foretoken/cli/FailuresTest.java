package org.foretoken.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.ExecutionException;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.Test;

class FailuresTest {
  private static void check(Throwable failure, int exitCode, String... parts) {
    assertThat(Failures.oneLine(failure)).doesNotContain("\n").contains(parts);
    assertThat(Failures.exitCode(failure)).isEqualTo(exitCode);
  }

  @Test
  void inputMistakesKeepTheirWordsWhateverWrapsThem() {
    check(new InputException("a: expected b"), 2, "a: expected b");
    check(new ExecutionException(new InputException("a: expected b")), 2, "a: expected b");
    check(new InputException("two\n  lines"), 2, "two lines");
  }

  @Test
  void failedRunsSayWhatHappened() {
    check(new IllegalStateException("loss is NaN"), 1, "loss is NaN");
    check(new NullPointerException(), 1, "NullPointerException", "--debug");
    check(new OutOfMemoryError("Java heap space"), 1, "out of memory", "-Xmx");
    check(new StackOverflowError(), 1, "stack");
  }

  @Test
  void fileTroubleNamesTheFile() {
    check(
        new UncheckedIOException(new IOException("No space left on device")),
        1,
        "No space left on device",
        "free some space");
    check(new UncheckedIOException(new NoSuchFileException("x.txt")), 1, "x.txt: no such file");
    check(new UncheckedIOException(new AccessDeniedException("y")), 1, "y: permission denied");
    check(
        new UncheckedIOException(new FileSystemException("z", null, "Too many open files")),
        1,
        "z: Too many open files");
    check(
        new UncheckedIOException(
            new FileSystemException("z/metrics.jsonl", null, "No space left on device")),
        1,
        "z/metrics.jsonl",
        "free some space");
  }

  @Test
  void wordsOfTheProgramAroundAnIoFailureAreKept() {
    check(
        new UncheckedIOException(
            "checkpoint 'c' cannot be written (disk); resume", new IOException("disk")),
        1,
        "checkpoint 'c' cannot be written (disk); resume");
  }
}
