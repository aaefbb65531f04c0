package org.foretoken.model.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.foretoken.model.checkpoint.SafetensorsWriter.Entry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are complete or absent, byte by byte as the format has them. */
class SafetensorsWriterTest {
  @TempDir Path folder;

  private final Arena arena = Arena.ofAuto();

  private MemorySegment bytes(int... values) {
    MemorySegment segment = arena.allocate(values.length);
    for (int i = 0; i < values.length; i++) {
      segment.set(ValueLayout.JAVA_BYTE, i, (byte) values[i]);
    }
    return segment;
  }

  @Test
  void writesTheBytesOfTheFormat() throws IOException {
    Path path = folder.resolve("m.safetensors");
    SafetensorsWriter.Written written =
        SafetensorsWriter.write(
            path,
            Map.of("format", "pt"),
            List.of(
                new Entry("w", SafetensorsDType.U8, List.of(1L, 3L), () -> bytes(1, 2, 3)),
                new Entry(
                    "s",
                    SafetensorsDType.BF16,
                    List.of(),
                    sink -> {
                      sink.write(bytes(4));
                      sink.write(bytes(5));
                    })));
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"w\":{\"dtype\":\"U8\",\"shape\":[1,3],\"data_offsets\":[0,3]},"
            + "\"s\":{\"dtype\":\"BF16\",\"shape\":[],\"data_offsets\":[3,5]}}";
    byte[] all = Files.readAllBytes(path);
    int length = (int) ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).getLong();
    assertThat(length % 8).isZero();
    String found = new String(all, 8, length, StandardCharsets.UTF_8);
    assertThat(found.stripTrailing()).isEqualTo(header);
    assertThat(all).endsWith(1, 2, 3, 4, 5).hasSize(8 + length + 5);
    CRC32C crc = new CRC32C();
    crc.update(all);
    assertThat(written).isEqualTo(new SafetensorsWriter.Written(all.length, (int) crc.getValue()));
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertThat(file.info("s").shape()).isEmpty();
    }
  }

  @Test
  void leavesNothingBehindWhenItFails() throws IOException {
    Path path = folder.resolve("m.safetensors");
    Entry broken =
        new Entry(
            "w",
            SafetensorsDType.U8,
            List.of(3L),
            sink -> {
              sink.write(bytes(1));
              throw new IOException("No space left on device");
            });
    assertThatThrownBy(() -> SafetensorsWriter.write(path, Map.of(), List.of(broken)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("No space");
    Entry shorter = new Entry("w", SafetensorsDType.U8, List.of(3L), () -> bytes(1, 2));
    assertThatThrownBy(() -> SafetensorsWriter.write(path, Map.of(), List.of(shorter)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("expected 3 bytes, found 2");
    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void refusesToOverwriteAndDoubleNames() throws IOException {
    Path path = Files.createFile(folder.resolve("m.safetensors"));
    Entry entry = new Entry("w", SafetensorsDType.U8, List.of(1L), () -> bytes(1));
    assertThatThrownBy(() -> SafetensorsWriter.write(path, Map.of(), List.of(entry)))
        .isInstanceOf(FileAlreadyExistsException.class);
    assertThatThrownBy(
            () ->
                SafetensorsWriter.write(
                    folder.resolve("n.safetensors"), Map.of(), List.of(entry, entry)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("twice");
  }
}
