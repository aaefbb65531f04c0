package org.foretoken.model.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Safetensors files made by hand, right and wrong ones. */
final class Bytes {
  private Bytes() {}

  /** A file of a header and as many bytes of data, counting up. */
  static Path file(Path path, String header, int data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return raw(path, file(json.length, json, data));
  }

  /** The bytes of a file whose header claims to be {@code length} bytes long. */
  static byte[] file(long length, byte[] header, int data) {
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + data).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(length).put(header);
    for (int i = 0; i < data; i++) {
      bytes.put((byte) i);
    }
    return bytes.array();
  }

  static Path raw(Path path, byte[] bytes) {
    try {
      return Files.write(path, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path text(Path path, String text) {
    return raw(path, text.getBytes(StandardCharsets.UTF_8));
  }

  /** The file's bytes, all but the last {@code less}. */
  static byte[] shortened(Path path, int less) throws IOException {
    byte[] all = Files.readAllBytes(path);
    return Arrays.copyOf(all, all.length - less);
  }
}
