package org.foretoken.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.foretoken.cli.metrics.MetricsFile;
import org.foretoken.fp8.InputException;

/** The folder of a run: {@code metrics.jsonl}, {@code checkpoints/}, {@code report.html}. */
final class RunFolder {
  private static final Path RUNS = Path.of("runs");
  private static final int MOST_RUNS = 10_000;

  private RunFolder() {}

  /**
   * Makes a folder for a new run: the one that was asked for, or {@code runs/NAME}, or the first of
   * {@code runs/NAME-2}, {@code runs/NAME-3}, ... that is not there yet.
   *
   * @param asked the folder of {@code --out}, or null
   * @throws InputException when it holds a run already
   */
  static Path forNewRun(Path asked, String name) {
    try {
      if (asked != null) {
        if (Files.exists(asked.resolve(MetricsFile.NAME))
            || Files.exists(asked.resolve("checkpoints"))) {
          throw new InputException(
              "--out '"
                  + asked
                  + "': expected a folder without a run, found one; go on with"
                  + " --resume "
                  + asked
                  + ", or choose another folder");
        }
        if (Files.exists(asked) && !Files.isDirectory(asked)) {
          throw new InputException("--out '" + asked + "': expected a folder, found a file");
        }
        return Files.createDirectories(asked);
      }
      Files.createDirectories(RUNS);
      for (int i = 1; i < MOST_RUNS; i++) {
        try {
          return Files.createDirectory(RUNS.resolve(i == 1 ? name : name + "-" + i));
        } catch (FileAlreadyExistsException e) {
          // the folder of an earlier run, or of one that was started this moment
        }
      }
    } catch (IOException e) {
      throw new InputException(
          "the run's folder cannot be made (" + e + "); choose a writable one with --out", e);
    }
    throw new InputException(
        RUNS + ": too many runs named " + name + "; choose a folder with --out");
  }

  /**
   * The folder of the run that a checkpoint belongs to.
   *
   * @param checkpoint folder of a checkpoint, as found by its store
   */
  static Path of(Path checkpoint) {
    Path parent = checkpoint.toAbsolutePath().normalize().getParent();
    if (parent == null || !parent.endsWith("checkpoints") || parent.getParent() == null) {
      throw new InputException(
          "--resume '"
              + checkpoint
              + "': expected the folder of a run, or a checkpoint inside one");
    }
    return parent.getParent();
  }

  /** Removes a folder that nothing was written to. */
  static void removeIfEmpty(Path folder) {
    try (Stream<Path> content = Files.list(folder)) {
      if (content.findAny().isPresent()) {
        return;
      }
    } catch (IOException e) {
      return; // gone, or not readable: nothing to tidy up
    }
    try {
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      // an empty folder does no harm
    }
  }
}
