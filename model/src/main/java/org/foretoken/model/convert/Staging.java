package org.foretoken.model.convert;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.foretoken.fp8.InputException;
import org.foretoken.model.checkpoint.SafetensorsWriter.Written;

/**
 * The folder {@code OUT.partial} that a conversion fills and then renames to OUT.
 *
 * <p>A journal in it says what is being converted into what, and which shards are done, with size
 * and CRC-32C. A later run of the same conversion keeps the shards that still have them; a run of
 * another one refuses to touch the folder, and so does one that finds it in use.
 */
final class Staging implements AutoCloseable {
  /** Suffix of the folder's name. */
  static final String SUFFIX = ".partial";

  private static final String JOURNAL = "conversion.json";
  private static final String LOCK = "conversion.lock";
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final Path folder;
  private final Path target;
  private final ObjectNode journal;
  private final FileChannel lock;

  private Staging(Path folder, Path target, ObjectNode journal, FileChannel lock) {
    this.folder = folder;
    this.target = target;
    this.journal = journal;
    this.lock = lock;
  }

  /**
   * Makes the folder, or takes up an earlier one of the same conversion.
   *
   * @param target the folder it becomes
   * @param settings what is converted into what; the same again only if equal
   */
  static Staging open(Path target, ObjectNode settings) throws IOException {
    Path folder = target.resolveSibling(target.getFileName() + SUFFIX);
    Path file = folder.resolve(JOURNAL);
    if (Files.exists(folder) && !Files.exists(file) && !isEmpty(folder)) {
      throw new InputException(
          "output '" + folder + "': exists and is not of a conversion; remove or rename it");
    }
    Files.createDirectories(folder);
    FileChannel lock = lock(folder);
    try {
      ObjectNode journal = Files.exists(file) ? read(file) : MAPPER.createObjectNode();
      if (journal.isEmpty()) {
        journal.set("settings", settings);
        journal.putObject("shards");
      } else if (!settings.equals(journal.get("settings"))) {
        throw new InputException(
            "output '"
                + folder
                + "': is of an unfinished conversion with other settings or of another input; finish"
                + " that one, or remove the folder");
      }
      Staging staging = new Staging(folder, target, journal, lock);
      staging.writeJournal();
      return staging;
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.allMatch(file -> file.getFileName().toString().equals(LOCK));
    }
  }

  private static FileChannel lock(Path folder) throws IOException {
    FileChannel channel =
        FileChannel.open(folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (channel.tryLock() != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // held by this process; refused below
    }
    channel.close();
    throw new InputException("output '" + folder + "': another conversion is writing it");
  }

  private static ObjectNode read(Path file) {
    try {
      if (MAPPER.readTree(Files.readAllBytes(file)) instanceof ObjectNode journal
          && journal.path("shards").isObject()) {
        return journal;
      }
      throw new InputException("'" + file + "': is no journal; remove the folder");
    } catch (JsonProcessingException e) {
      throw new InputException("'" + file + "': is damaged; remove the folder", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The folder. */
  Path folder() {
    return folder;
  }

  /** How many shards the journal has. */
  int finished() {
    return journal.get("shards").size();
  }

  /**
   * Whether an earlier run has finished {@code shard} and its bytes are still the same; whatever
   * else lies under the name is removed.
   */
  boolean has(String shard) throws IOException {
    JsonNode entry = journal.get("shards").get(shard);
    Path file = folder.resolve(shard);
    if (entry != null && entry.equals(describe(file, entry.path("reports")))) {
      return true;
    }
    Files.deleteIfExists(file);
    return false;
  }

  private static ObjectNode describe(Path file, JsonNode reports) throws IOException {
    if (!Files.isRegularFile(file)) {
      return null;
    }
    CRC32C checksum = new CRC32C();
    byte[] buffer = new byte[1 << 20];
    long bytes = 0;
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        checksum.update(buffer, 0, n);
        bytes += n;
      }
    }
    return describe(bytes, (int) checksum.getValue(), reports);
  }

  private static ObjectNode describe(long bytes, int checksum, JsonNode reports) {
    ObjectNode entry = MAPPER.createObjectNode();
    entry.put("bytes", Long.toString(bytes));
    entry.put("crc32c", String.format("%08x", checksum));
    entry.set("reports", reports);
    return entry;
  }

  /** Notes that a shard is finished. */
  void finish(String shard, Written written, List<TensorReport> reports) throws IOException {
    JsonNode tree = StagedReports.write(reports);
    journal.withObject("/shards").set(shard, describe(written.bytes(), written.crc32c(), tree));
    writeJournal();
  }

  /** The reports of a finished shard. */
  List<TensorReport> reports(String shard) {
    return StagedReports.read(shard, journal.get("shards").path(shard).path("reports"));
  }

  private void writeJournal() throws IOException {
    Path next = folder.resolve(JOURNAL + ".next");
    try (FileChannel channel =
        FileChannel.open(
            next,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      java.nio.ByteBuffer bytes = java.nio.ByteBuffer.wrap(MAPPER.writeValueAsBytes(journal));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(next, folder.resolve(JOURNAL), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Writes a small file of the output. */
  void write(String name, byte[] content) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            folder.resolve(name),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      java.nio.ByteBuffer bytes = java.nio.ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }

  /** Makes the folder the output, at once. */
  void publish() throws IOException {
    Files.deleteIfExists(target); // an empty folder, or nothing: checked before
    Files.move(folder, target, StandardCopyOption.ATOMIC_MOVE);
    // Only now, for without them an interrupted conversion could not be taken up.
    Files.deleteIfExists(target.resolve(JOURNAL));
    Files.deleteIfExists(target.resolve(LOCK));
  }

  /** Removes the folder with all that is in it. */
  void discard() {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      // The failure that led here is the one to tell of.
    }
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
