package org.foretoken.model.convert;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.foretoken.fp8.Bf16;
import org.foretoken.model.checkpoint.CheckpointFolder;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.SafetensorsWriter;
import org.foretoken.model.checkpoint.SafetensorsWriter.Entry;

/** A small checkpoint in DeepSeek-V3's names, in two shards, and its values. */
final class TestCheckpoint {
  static final String ONE = "model-00001-of-00002.safetensors";
  static final String TWO = "model-00002-of-00002.safetensors";
  static final String Q_A = "model.layers.0.self_attn.q_a_proj.weight";
  static final String KV_A = "model.layers.0.self_attn.kv_a_proj_with_mqa.weight";
  static final String DOWN = "model.layers.1.mlp.experts.7.down_proj.weight";
  static final String UP = "model.layers.1.mlp.shared_experts.up_proj.weight";
  static final List<String> LINEAR = List.of(Q_A, KV_A, DOWN, UP);
  static final String UNKNOWN = "vision.patch.weight";

  final Path folder;
  final Map<String, float[]> values = new LinkedHashMap<>();
  private final Arena arena = Arena.ofAuto();
  private final SplittableRandom random = new SplittableRandom(31);
  private final Map<String, List<Entry>> shards = new LinkedHashMap<>();

  TestCheckpoint(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
    add(ONE, "model.embed_tokens.weight", SafetensorsDType.BF16, 40, 96);
    add(ONE, Q_A, SafetensorsDType.BF16, 200, 300);
    add(ONE, KV_A, SafetensorsDType.F32, 130, 258);
    add(ONE, "model.layers.0.input_layernorm.weight", SafetensorsDType.BF16, 96);
    add(TWO, "model.layers.1.mlp.gate.weight", SafetensorsDType.F32, 8, 96);
    add(TWO, "model.layers.1.mlp.gate.e_score_correction_bias", SafetensorsDType.F32, 8);
    add(TWO, DOWN, SafetensorsDType.F16, 5, 130);
    add(TWO, UP, SafetensorsDType.BF16, 128, 128);
    add(TWO, "model.layers.2.eh_proj.weight", SafetensorsDType.BF16, 96, 192);
    add(TWO, "model.layers.2.shared_head.head.weight", SafetensorsDType.BF16, 40, 96);
    add(TWO, UNKNOWN, SafetensorsDType.F32, 16, 16);
    add(TWO, "counts", SafetensorsDType.I64, 3);
  }

  private void add(String shard, String name, SafetensorsDType type, int... shape) {
    List<Long> extents = new ArrayList<>();
    int n = 1;
    for (int extent : shape) {
      extents.add((long) extent);
      n *= extent;
    }
    float[] made = new float[n];
    MemorySegment bytes = arena.allocate((long) n * type.bytes(), 64);
    for (int i = 0; i < n; i++) {
      float value = (float) (random.nextGaussian() * Math.pow(2, -random.nextInt(12)));
      made[i] =
          switch (type) {
            case BF16 -> Bf16.round(value);
            case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
            default -> value;
          };
      put(bytes, type, i, made[i]);
    }
    values.put(name, made);
    shards
        .computeIfAbsent(shard, s -> new ArrayList<>())
        .add(new Entry(name, type, extents, () -> bytes));
  }

  private static void put(MemorySegment bytes, SafetensorsDType type, int i, float value) {
    switch (type) {
      case BF16 -> bytes.setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.encode(value));
      case F16 -> bytes.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
      case I64 -> bytes.setAtIndex(ValueLayout.JAVA_LONG, i, i);
      default -> bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
    }
  }

  /** Changes a value before the files are written. */
  TestCheckpoint with(String name, int index, float value) throws IOException {
    for (List<Entry> entries : shards.values()) {
      for (Entry entry : entries) {
        if (entry.name().equals(name)) {
          entry.stream().writeTo(bytes -> put(bytes, entry.dtype(), index, value));
        }
      }
    }
    return this;
  }

  /** Writes shards, index, configuration and a tokenizer. */
  TestCheckpoint write() throws IOException {
    StringBuilder map = new StringBuilder();
    for (Map.Entry<String, List<Entry>> shard : shards.entrySet()) {
      SafetensorsWriter.write(
          folder.resolve(shard.getKey()), Map.of("format", "pt"), shard.getValue());
      for (Entry entry : shard.getValue()) {
        map.append(String.format("\"%s\":\"%s\",", entry.name(), shard.getKey()));
      }
    }
    map.setLength(map.length() - 1);
    Files.writeString(
        folder.resolve(CheckpointFolder.INDEX), "{\"metadata\":{},\"weight_map\":{" + map + "}}");
    Files.writeString(
        folder.resolve(CheckpointFolder.CONFIG),
        "{\"model_type\":\"deepseek_v3\",\"torch_dtype\":\"bfloat16\"}");
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    return this;
  }
}
