package org.foretoken.model.checkpoint;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/**
 * Writes a safetensors file tensor by tensor. Bytes go through a channel rather than a mapping, so
 * that a full disk is an exception and not a fault of the process.
 */
public final class SafetensorsWriter {
  private static final int CHUNK = 1 << 24;
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  /** Gives a tensor's bytes when they are needed; called once, in order. */
  @FunctionalInterface
  public interface Source {
    /** The tensor's bytes, little endian, row-major; valid until the next source is asked. */
    MemorySegment bytes() throws IOException;
  }

  /**
   * A tensor to be written.
   *
   * @param name name of the tensor
   * @param dtype element type
   * @param shape extents
   * @param source its bytes
   */
  public record Entry(String name, SafetensorsDType dtype, List<Long> shape, Source source) {
    long size() {
      long n = dtype.bytes();
      for (long d : shape) {
        n = Math.multiplyExact(n, d);
      }
      return n;
    }
  }

  private SafetensorsWriter() {}

  /**
   * Writes a file that does not exist yet, and forces it to disk.
   *
   * @throws IOException when the disk is full or cannot be written; a partial file may remain
   */
  public static void write(Path path, Map<String, String> metadata, List<Entry> entries)
      throws IOException {
    byte[] header = header(metadata, entries);
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer head =
          ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
      head.putLong(header.length).put(header).flip();
      writeFully(channel, head);
      for (Entry entry : entries) {
        MemorySegment bytes = entry.source().bytes();
        if (bytes.byteSize() != entry.size()) {
          throw new IllegalStateException(
              "tensor '" + entry.name() + "': expected " + entry.size() + " bytes, found "
                  + bytes.byteSize());
        }
        for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
          long n = Math.min(CHUNK, bytes.byteSize() - at);
          writeFully(channel, bytes.asSlice(at, n).asByteBuffer());
        }
      }
      channel.force(true);
    }
  }

  private static byte[] header(Map<String, String> metadata, List<Entry> entries)
      throws IOException {
    ObjectNode root = MAPPER.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode m = root.putObject("__metadata__");
      metadata.forEach(m::put);
    }
    long at = 0;
    for (Entry entry : entries) {
      if (root.has(entry.name())) {
        throw new IllegalStateException("tensor '" + entry.name() + "' given twice");
      }
      ObjectNode t = root.putObject(entry.name());
      t.put("dtype", entry.dtype().name());
      var shape = t.putArray("shape");
      entry.shape().forEach(shape::add);
      t.putArray("data_offsets").add(at).add(at + entry.size());
      at += entry.size();
    }
    byte[] json = MAPPER.writeValueAsBytes(root);
    // Spaces up to a multiple of 8 keep the data aligned in a mapping.
    byte[] padded = java.util.Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    java.util.Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  private static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
