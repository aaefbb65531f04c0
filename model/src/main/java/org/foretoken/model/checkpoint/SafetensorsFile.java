package org.foretoken.model.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Map;
import org.foretoken.fp8.InputException;

/**
 * A safetensors file, memory-mapped and read-only: 8 bytes of header length (little endian), a JSON
 * header, then the tensors' bytes.
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int PREFIX = 8;

  private final Path path;
  private final Arena arena;
  private final MemorySegment data;
  private final SafetensorsHeader.Parsed header;

  private SafetensorsFile(
      Path path, Arena arena, MemorySegment data, SafetensorsHeader.Parsed header) {
    this.path = path;
    this.arena = arena;
    this.data = data;
    this.header = header;
  }

  /**
   * Opens a file and checks its whole header.
   *
   * @throws InputException when it is missing, unreadable or not a safetensors file
   */
  public static SafetensorsFile open(Path path) {
    if (!Files.isRegularFile(path)) {
      throw new InputException(
          "safetensors '"
              + path
              + "': expected a file, found "
              + (Files.exists(path) ? "something else" : "nothing")
              + "; check the path");
    }
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      long length = headerLength(path, channel, size);
      long dataBytes = size - PREFIX - length;
      MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      MemorySegment json = all.asSlice(PREFIX, length);
      if (json.get(ValueLayout.JAVA_BYTE, 0) != '{') {
        throw SafetensorsHeader.bad(path, "header: expected it to begin with '{'");
      }
      SafetensorsHeader.Parsed header =
          SafetensorsHeader.parse(path, new SegmentInputStream(json), dataBytes);
      return new SafetensorsFile(path, arena, all.asSlice(PREFIX + length), header);
    } catch (IOException e) {
      arena.close();
      throw new InputException(
          "safetensors '" + path + "': cannot be read (" + e.getMessage() + ")", e);
    } catch (RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static long headerLength(Path path, FileChannel channel, long size) throws IOException {
    ByteBuffer prefix = ByteBuffer.allocate(PREFIX).order(ByteOrder.LITTLE_ENDIAN);
    while (prefix.hasRemaining() && channel.read(prefix, prefix.position()) >= 0) {}
    if (prefix.hasRemaining()) {
      throw SafetensorsHeader.bad(
          path, "expected at least " + PREFIX + " bytes, found " + prefix.position());
    }
    long length = prefix.getLong(0);
    if (length < 2 || length > SafetensorsHeader.LONGEST || length > size - PREFIX) {
      throw SafetensorsHeader.bad(
          path,
          "offset 0: expected a header of 2 to "
              + Math.min(SafetensorsHeader.LONGEST, size - PREFIX)
              + " bytes, found "
              + Long.toUnsignedString(length));
    }
    return length;
  }

  /** The file. */
  public Path path() {
    return path;
  }

  /** All tensors in the order of the header. */
  public Collection<TensorInfo> tensors() {
    return header.tensors().values();
  }

  /** Whether the file holds a tensor of that name. */
  public boolean has(String name) {
    return header.tensors().containsKey(name);
  }

  /**
   * The entry of a tensor.
   *
   * @throws InputException when the file has none of that name
   */
  public TensorInfo info(String name) {
    TensorInfo info = header.tensors().get(name);
    if (info == null) {
      throw new InputException(
          "safetensors '"
              + path
              + "': expected a tensor '"
              + SafetensorsHeader.printable(name)
              + "', found none of that name among its "
              + header.tensors().size());
    }
    return info;
  }

  /** The bytes of a tensor: row-major, little endian, read-only, possibly unaligned. */
  public MemorySegment bytes(String name) {
    TensorInfo info = info(name);
    return data.asSlice(info.begin(), info.bytes());
  }

  /** Free-form metadata of the header. */
  public Map<String, String> metadata() {
    return Map.copyOf(header.metadata());
  }

  /** Unmaps the file; segments handed out may not be used afterwards. */
  @Override
  public void close() {
    arena.close();
  }
}
