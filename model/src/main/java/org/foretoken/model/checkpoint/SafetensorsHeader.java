package org.foretoken.model.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.DeserializationFeature;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.fp8.InputException;

/** Parses and checks the JSON header of a safetensors file; nothing of it is trusted. */
final class SafetensorsHeader {
  /** Longest header that is read, as in the format's reference implementation. */
  static final long LONGEST = 100_000_000L;

  private static final String METADATA = "__metadata__";
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private SafetensorsHeader() {}

  /** The header's parts. */
  record Parsed(Map<String, TensorInfo> tensors, Map<String, String> metadata) {}

  static Parsed parse(Path file, byte[] json, long dataBytes) {
    JsonNode root;
    try {
      root = MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw bad(file, "expected a JSON header, found " + e.getOriginalMessage().lines().findFirst().orElse("none"));
    } catch (java.io.IOException e) {
      throw bad(file, "expected a JSON header in UTF-8, found " + e.getMessage());
    }
    if (root == null || !root.isObject()) {
      throw bad(file, "expected a JSON object as header, found " + (root == null ? "nothing" : root.getNodeType()));
    }
    Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> e : root.properties()) {
      if (e.getKey().equals(METADATA)) {
        metadata(file, e.getValue(), metadata);
      } else {
        tensors.put(e.getKey(), tensor(file, e.getKey(), e.getValue(), dataBytes));
      }
    }
    checkCoverage(file, tensors, dataBytes);
    return new Parsed(tensors, metadata);
  }

  private static void metadata(Path file, JsonNode node, Map<String, String> metadata) {
    if (!node.isObject()) {
      throw bad(file, METADATA + ": expected an object, found " + node.getNodeType());
    }
    for (Map.Entry<String, JsonNode> e : node.properties()) {
      if (!e.getValue().isTextual()) {
        throw bad(file, METADATA + "." + e.getKey() + ": expected a string, found " + e.getValue().getNodeType());
      }
      metadata.put(e.getKey(), e.getValue().textValue());
    }
  }

  private static TensorInfo tensor(Path file, String name, JsonNode node, long dataBytes) {
    String where = "tensor '" + name + "': ";
    if (!node.isObject()) {
      throw bad(file, where + "expected an object, found " + node.getNodeType());
    }
    SafetensorsDType dtype = dtype(file, where, node.path("dtype"));
    JsonNode dims = node.path("shape");
    JsonNode offsets = node.path("data_offsets");
    if (!dims.isArray() || !offsets.isArray() || offsets.size() != 2) {
      throw bad(file, where + "expected shape and two data_offsets, found " + dims + " and " + offsets);
    }
    List<Long> shape = new ArrayList<>();
    long bytes = dtype.bytes();
    for (JsonNode d : dims) {
      long extent = whole(file, where + "shape", d);
      shape.add(extent);
      try {
        bytes = Math.multiplyExact(bytes, extent);
      } catch (ArithmeticException e) {
        throw bad(file, where + "shape " + dims + " overflows");
      }
    }
    long begin = whole(file, where + "data_offsets", offsets.get(0));
    long end = whole(file, where + "data_offsets", offsets.get(1));
    if (begin > end || end > dataBytes) {
      throw bad(file, where + "offsets " + offsets + ": expected them within the file's " + dataBytes + " bytes of data");
    }
    if (end - begin != bytes) {
      throw bad(
          file, where + "offset " + begin + ": expected " + bytes + " bytes for " + dtype + dims + ", found " + (end - begin));
    }
    return new TensorInfo(name, dtype, shape, begin, end);
  }

  private static SafetensorsDType dtype(Path file, String where, JsonNode node) {
    for (SafetensorsDType d : SafetensorsDType.values()) {
      if (d.name().equals(node.textValue())) {
        return d;
      }
    }
    throw bad(file, where + "expected a dtype of the safetensors format, found " + node);
  }

  private static long whole(Path file, String where, JsonNode node) {
    if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
      throw bad(file, where + ": expected whole numbers >= 0, found " + node);
    }
    return node.longValue();
  }

  /** The format wants every byte of the data to belong to exactly one tensor. */
  private static void checkCoverage(Path file, Map<String, TensorInfo> tensors, long dataBytes) {
    List<TensorInfo> sorted = new ArrayList<>(tensors.values());
    sorted.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
    long at = 0;
    for (TensorInfo t : sorted) {
      if (t.begin() != at) {
        throw bad(
            file,
            "tensor '" + t.name() + "': expected to begin at offset " + at + ", found " + t.begin()
                + (t.begin() < at ? " (overlap)" : " (gap)"));
      }
      at = t.end();
    }
    if (at != dataBytes) {
      throw bad(file, "offset " + at + ": expected the end of the file, found " + (dataBytes - at) + " more bytes");
    }
  }

  static InputException bad(Path file, String message) {
    return new InputException("safetensors '" + file + "': " + message + "; the file is damaged or foreign");
  }
}
