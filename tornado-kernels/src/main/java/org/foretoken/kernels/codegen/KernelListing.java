package org.foretoken.kernels.codegen;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * The sources that TornadoVM generates in this process, as it writes them to a file on request.
 *
 * <p>Has to be opened before TornadoVM's classes load, since it reads its options once. In the
 * emulator nothing is generated, and the listing stays empty.
 */
public final class KernelListing implements AutoCloseable {
  private final Path file;
  private long read;

  private KernelListing(Path file) {
    this.file = file;
  }

  /** Asks TornadoVM to list what it generates from now on. */
  public static KernelListing open() {
    try {
      Path file = Files.createTempFile("foretoken-kernels", ".txt");
      System.setProperty("tornado.printKernel", "True");
      System.setProperty("tornado.print.kernel.dir", file.toString());
      return new KernelListing(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list generated kernels: " + e.getMessage(), e);
    }
  }

  /** The kernels generated since the last call. */
  public List<GeneratedKernel> next() {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      byte[] bytes = new byte[Math.toIntExact(channel.size() - read)];
      channel.position(read);
      java.nio.ByteBuffer buffer = java.nio.ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining() && channel.read(buffer) >= 0) {}
      read += bytes.length;
      return GeneratedKernel.parse(new String(bytes, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": " + e.getMessage(), e);
    }
  }

  /** Removes the file; TornadoVM would write a new one. */
  @Override
  public void close() {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      throw new UncheckedIOException(file + ": " + e.getMessage(), e);
    }
  }
}
