package org.foretoken.cli.metrics;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Appends lines to {@code metrics.jsonl}; every line is handed to the system as it is written. */
public final class MetricsFile implements AutoCloseable {
  /** The file's name in a run's folder. */
  public static final String NAME = "metrics.jsonl";

  private final Path file;
  private final BufferedWriter out;

  /**
   * Opens the file of a run's folder, and makes it where there is none. A line that a kill cut
   * short is removed first.
   */
  public MetricsFile(Path folder) {
    file = folder.resolve(NAME);
    try {
      if (Files.exists(file)) {
        dropTornLine(file);
      }
      out =
          Files.newBufferedWriter(
              file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private static void dropTornLine(Path file) throws IOException {
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      long end = f.length();
      while (end > 0) {
        f.seek(end - 1);
        if (f.read() == '\n') {
          break;
        }
        end--;
      }
      f.setLength(end);
    }
  }

  /** Appends a line. */
  public void write(MetricsLine line) {
    try {
      out.write(MetricsJson.line(line));
      out.write('\n');
      out.flush();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private UncheckedIOException failed(IOException e) {
    return new UncheckedIOException(
        "'"
            + file
            + "' cannot be written ("
            + e.getMessage()
            + "); the checkpoints are untouched, free some space and resume",
        e);
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw failed(e);
    }
  }
}
