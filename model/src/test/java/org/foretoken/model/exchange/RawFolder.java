package org.foretoken.model.exchange;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** A model's folder made by hand: safetensors as bytes, JSON as text. */
final class RawFolder {
  private record Raw(String dtype, int[] shape, byte[] bytes) {}

  private final Map<String, Raw> tensors = new LinkedHashMap<>();

  void f32(String name, float[] values, int... shape) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    tensors.put(name, new Raw("F32", shape, bytes.array()));
  }

  void raw(String name, String dtype, byte[] bytes, int... shape) {
    tensors.put(name, new Raw(dtype, shape, bytes));
  }

  void remove(String name) {
    tensors.remove(name);
  }

  void write(Path folder, String config) throws IOException {
    Files.createDirectories(folder);
    StringBuilder header = new StringBuilder("{");
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    for (Map.Entry<String, Raw> e : tensors.entrySet()) {
      Raw t = e.getValue();
      header.append(header.length() == 1 ? "" : ",").append('"').append(e.getKey()).append("\":{");
      header.append("\"dtype\":\"").append(t.dtype).append("\",\"shape\":");
      header.append(Arrays.toString(t.shape)).append(",\"data_offsets\":[").append(data.size());
      data.writeBytes(t.bytes);
      header.append(',').append(data.size()).append("]}");
    }
    byte[] json = header.append('}').toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + json.length + data.size());
    file.order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).put(data.toByteArray());
    Files.write(folder.resolve("model.safetensors"), file.array());
    Files.writeString(folder.resolve("config.json"), config);
  }
}
