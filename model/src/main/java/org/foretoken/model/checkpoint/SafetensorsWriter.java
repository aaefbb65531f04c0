package org.foretoken.model.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * Writes a safetensors file tensor by tensor: under a temporary name, forced to disk, then renamed,
 * so that the file is complete or absent.
 *
 * <p>Bytes go through a channel rather than a mapping, so that a full disk is an exception and not
 * a fault of the process.
 */
public final class SafetensorsWriter {
  /** Suffix of a file that is being written. */
  public static final String PARTIAL = ".part";

  private static final int CHUNK = 1 << 24;
  private static final int ALIGNMENT = 8;
  private static final JsonFactory JSON = new JsonFactory();

  /** Gives a tensor's bytes when they are needed; called once, in order. */
  @FunctionalInterface
  public interface Source {
    /** The tensor's bytes, little endian, row-major; valid until the next source is asked. */
    MemorySegment bytes() throws IOException;
  }

  /** Writes a tensor's bytes piece by piece; called once, in order. */
  @FunctionalInterface
  public interface Stream {
    /** Gives all bytes of the tensor, little endian, row-major, to {@code sink}. */
    void writeTo(Sink sink) throws IOException;
  }

  /** Takes the next bytes of a tensor. */
  @FunctionalInterface
  public interface Sink {
    /** Writes off-heap {@code bytes}, which may be reused afterwards. */
    void write(MemorySegment bytes) throws IOException;
  }

  /**
   * A tensor to be written.
   *
   * @param name name of the tensor
   * @param dtype element type
   * @param shape extents
   * @param stream its bytes
   */
  public record Entry(String name, SafetensorsDType dtype, List<Long> shape, Stream stream) {
    /** Copies the shape. */
    public Entry {
      shape = List.copyOf(shape);
    }

    /** A tensor whose bytes come in one piece. */
    public Entry(String name, SafetensorsDType dtype, List<Long> shape, Source source) {
      this(name, dtype, shape, (Stream) sink -> sink.write(source.bytes()));
    }

    /** Size in bytes. */
    public long size() {
      long bits = dtype.bits();
      for (long extent : shape) {
        bits = Math.multiplyExact(bits, extent);
      }
      return Math.ceilDiv(bits, 8L);
    }
  }

  /**
   * What was written.
   *
   * @param bytes size of the file
   * @param crc32c CRC-32C of the whole file
   */
  public record Written(long bytes, int crc32c) {}

  private SafetensorsWriter() {}

  /**
   * Writes a file that does not exist yet, and forces it to disk.
   *
   * @throws FileAlreadyExistsException when there is a file of that name
   * @throws IOException when the disk is full or cannot be written; nothing of the file remains
   */
  public static Written write(Path path, Map<String, String> metadata, List<Entry> entries)
      throws IOException {
    if (Files.exists(path)) {
      throw new FileAlreadyExistsException(path.toString());
    }
    byte[] header = header(metadata, entries);
    Path partial = path.resolveSibling(path.getFileName() + PARTIAL);
    Files.deleteIfExists(partial);
    boolean done = false;
    try (FileChannel channel =
        FileChannel.open(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      Output output = new Output(channel);
      ByteBuffer prefix = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
      output.write(prefix.putLong(header.length).put(header).flip());
      for (Entry entry : entries) {
        long before = output.bytes;
        entry.stream().writeTo(output::writeSegment);
        if (output.bytes - before != entry.size()) {
          throw new IllegalStateException(
              String.format(
                  "tensor '%s': expected %d bytes, found %d",
                  entry.name(), entry.size(), output.bytes - before));
        }
      }
      channel.force(true);
      Files.move(partial, path, StandardCopyOption.ATOMIC_MOVE);
      forceDirectory(path.toAbsolutePath().getParent());
      done = true;
      return new Written(output.bytes, (int) output.checksum.getValue());
    } finally {
      if (!done) {
        Files.deleteIfExists(partial);
      }
    }
  }

  /** Makes a rename in {@code folder} survive a crash, where the system can. */
  static void forceDirectory(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Not every system opens directories; the rename is atomic all the same.
    }
  }

  private static final class Output {
    private final FileChannel channel;
    private final CRC32C checksum = new CRC32C();
    private long bytes;

    Output(FileChannel channel) {
      this.channel = channel;
    }

    void writeSegment(MemorySegment segment) throws IOException {
      for (long at = 0; at < segment.byteSize(); at += CHUNK) {
        long n = Math.min(CHUNK, segment.byteSize() - at);
        write(segment.asSlice(at, n).asByteBuffer());
      }
    }

    void write(ByteBuffer buffer) throws IOException {
      bytes += buffer.remaining();
      checksum.update(buffer.duplicate());
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
    }
  }

  private static byte[] header(Map<String, String> metadata, List<Entry> entries)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Set<String> names = new HashSet<>();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      if (!metadata.isEmpty()) {
        json.writeObjectFieldStart("__metadata__");
        for (Map.Entry<String, String> e : metadata.entrySet()) {
          json.writeStringField(e.getKey(), e.getValue());
        }
        json.writeEndObject();
      }
      long at = 0;
      for (Entry entry : entries) {
        if (!names.add(entry.name())) {
          throw new IllegalStateException("tensor '" + entry.name() + "' given twice");
        }
        json.writeObjectFieldStart(entry.name());
        json.writeStringField("dtype", entry.dtype().name());
        writeNumbers(json, "shape", entry.shape());
        writeNumbers(json, "data_offsets", List.of(at, at + entry.size()));
        json.writeEndObject();
        at += entry.size();
      }
      json.writeEndObject();
    }
    // Spaces up to a multiple of 8 keep the data aligned in a mapping.
    byte[] header = bytes.toByteArray();
    byte[] padded = Arrays.copyOf(header, Math.ceilDiv(header.length, ALIGNMENT) * ALIGNMENT);
    Arrays.fill(padded, header.length, padded.length, (byte) ' ');
    return padded;
  }

  private static void writeNumbers(JsonGenerator json, String key, List<Long> numbers)
      throws IOException {
    json.writeArrayFieldStart(key);
    for (long number : numbers) {
      json.writeNumber(number);
    }
    json.writeEndArray();
  }
}
