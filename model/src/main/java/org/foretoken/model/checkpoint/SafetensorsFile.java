package org.foretoken.model.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
          "safetensors '" + path + "': expected a file, found "
              + (Files.exists(path) ? "something else" : "nothing")
              + "; check the path");
    }
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long size = channel.size();
      long length = size < 8 ? -1 : headerLength(channel);
      if (length < 2 || length > SafetensorsHeader.LONGEST || length > size - 8) {
        throw SafetensorsHeader.bad(
            path,
            size < 8
                ? "expected at least 8 bytes, found " + size
                : "header length " + Long.toUnsignedString(length) + ": expected 2 to "
                    + Math.min(SafetensorsHeader.LONGEST, size - 8));
      }
      byte[] json = new byte[(int) length];
      readFully(channel, ByteBuffer.wrap(json), 8);
      long dataBytes = size - 8 - length;
      SafetensorsHeader.Parsed header = SafetensorsHeader.parse(path, json, dataBytes);
      MemorySegment data =
          channel.map(FileChannel.MapMode.READ_ONLY, 8 + length, dataBytes, arena);
      return new SafetensorsFile(path, arena, data, header);
    } catch (IOException e) {
      arena.close();
      throw new InputException("safetensors '" + path + "': cannot be read (" + e.getMessage() + ")");
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static long headerLength(FileChannel channel) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    readFully(channel, head, 0);
    return head.getLong(0);
  }

  private static void readFully(FileChannel channel, ByteBuffer buffer, long at)
      throws IOException {
    while (buffer.hasRemaining()) {
      int n = channel.read(buffer, at + buffer.position());
      if (n < 0) {
        throw new IOException("the file ends early");
      }
    }
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
          "safetensors '" + path + "': expected a tensor '" + name + "', found none among its "
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
