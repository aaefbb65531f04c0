package org.foretoken.model.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.foretoken.fp8.InputException;

/**
 * The checkpoints of a run: folders {@code checkpoints/step-N}, each complete or absent.
 *
 * <p>A checkpoint is written to a folder whose name starts with a dot, forced to disk, and then
 * renamed, which a file system does at once or not at all. Only after that are older ones removed.
 * So a kill at any moment leaves the last good checkpoint, and at most a dotted folder that the
 * next save clears away.
 */
public final class CheckpointStore {
  /** Complete checkpoints that are kept. */
  private static final int KEPT = 2;

  private static final Pattern STEP = Pattern.compile("step-(\\d{6,9})");
  private static final String PARTIAL = ".partial-";

  /** Writes the files of a checkpoint into a folder. */
  @FunctionalInterface
  public interface Content {
    /** Writes all files. */
    void write(Path folder) throws IOException;
  }

  private CheckpointStore() {}

  /**
   * Adds a checkpoint to a run's folder.
   *
   * @param run the run's folder
   * @param step steps done
   * @return the checkpoint's folder
   * @throws UncheckedIOException when the disk is full or cannot be written; earlier checkpoints
   *     are untouched
   */
  public static Path save(Path run, int step, Content content) {
    Path all = run.resolve("checkpoints");
    Path target = all.resolve(String.format("step-%06d", step));
    Path partial = all.resolve(PARTIAL + target.getFileName());
    try {
      Files.createDirectories(all);
      clearPartials(all);
      Files.createDirectory(partial);
      content.write(partial);
      force(partial);
      if (Files.exists(target)) {
        // The same step saved again: move the old one out of the way first.
        Path old = all.resolve(PARTIAL + "old-" + target.getFileName());
        Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        delete(old);
      } else {
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
      }
      sync(all);
      List<Path> complete = complete(all);
      for (Path old : complete.subList(0, Math.max(0, complete.size() - KEPT))) {
        delete(old);
      }
      return target;
    } catch (IOException e) {
      deleteQuietly(partial);
      throw new UncheckedIOException(
          "checkpoint '"
              + target
              + "' cannot be written ("
              + e.getMessage()
              + "); earlier checkpoints are untouched, free some space and resume",
          e);
    }
  }

  /**
   * Finds the checkpoint that a path means: the folder itself, or the newest one of a run.
   *
   * @throws InputException when there is none
   */
  public static Path locate(Path path) {
    if (!Files.isDirectory(path)) {
      throw new InputException(
          "checkpoint '"
              + path
              + "': expected a folder, found "
              + (Files.exists(path) ? "a file" : "nothing")
              + "; give the folder of a run or of a checkpoint");
    }
    if (Files.exists(path.resolve("config.json"))) {
      return path;
    }
    List<Path> complete = complete(path.resolve("checkpoints"));
    if (complete.isEmpty()) {
      throw new InputException(
          "checkpoint '"
              + path
              + "': expected config.json or checkpoints/step-*, found neither;"
              + " give the folder of a run or of a checkpoint");
    }
    return complete.get(complete.size() - 1);
  }

  /** Steps of a checkpoint folder {@code step-N}, or -1 for another name. */
  public static int stepOf(Path checkpoint) {
    Matcher m = STEP.matcher(checkpoint.getFileName().toString());
    return m.matches() ? Integer.parseInt(m.group(1)) : -1;
  }

  private static List<Path> complete(Path all) {
    if (!Files.isDirectory(all)) {
      return List.of();
    }
    try (Stream<Path> list = Files.list(all)) {
      List<Path> found = new ArrayList<>(list.filter(p -> stepOf(p) >= 0).toList());
      found.sort(Comparator.comparingInt(CheckpointStore::stepOf));
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "checkpoints '" + all + "' cannot be read (" + e.getMessage() + ")", e);
    }
  }

  private static void clearPartials(Path all) throws IOException {
    try (Stream<Path> list = Files.list(all)) {
      for (Path p : list.filter(p -> p.getFileName().toString().startsWith(PARTIAL)).toList()) {
        delete(p);
      }
    }
  }

  private static void force(Path folder) throws IOException {
    try (Stream<Path> list = Files.list(folder)) {
      for (Path file : list.toList()) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
      }
    }
    sync(folder);
  }

  /** Forces a folder's entries to disk where the system can do that. */
  private static void sync(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows cannot open a folder; the rename itself is still atomic there.
    }
  }

  private static void delete(Path path) throws IOException {
    try (Stream<Path> walk = Files.walk(path)) {
      for (Path p : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(p);
      }
    }
  }

  private static void deleteQuietly(Path path) {
    try {
      if (Files.exists(path)) {
        delete(path);
      }
    } catch (IOException e) {
      // The next save clears it away.
    }
  }
}
