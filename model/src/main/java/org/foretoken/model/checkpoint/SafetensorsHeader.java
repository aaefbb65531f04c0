package org.foretoken.model.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.foretoken.fp8.InputException;

/**
 * Parses and checks the JSON header of a safetensors file; nothing of it is trusted.
 *
 * <p>The header is read token by token, so that the memory it takes is that of the tensors it names
 * and not of whatever else somebody put there.
 */
final class SafetensorsHeader {
  /** Longest header that is read, as in the format's reference implementation. */
  static final long LONGEST = 100_000_000L;

  /** Most extents of a shape; no framework has more than 64. */
  private static final int MOST_EXTENTS = 64;

  private static final String METADATA = "__metadata__";
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build();

  private final Path file;
  private final long dataBytes;
  private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private SafetensorsHeader(Path file, long dataBytes) {
    this.file = file;
    this.dataBytes = dataBytes;
  }

  /** The header's parts. */
  record Parsed(Map<String, TensorInfo> tensors, Map<String, String> metadata) {}

  /**
   * Reads a header.
   *
   * @param json the header's bytes
   * @param dataBytes bytes of the file behind the header
   */
  static Parsed parse(Path file, InputStream json, long dataBytes) {
    SafetensorsHeader header = new SafetensorsHeader(file, dataBytes);
    // A decoder that reports, for Jackson would guess at UTF-16 and accept some broken UTF-8.
    try (InputStreamReader text = new InputStreamReader(json, StandardCharsets.UTF_8.newDecoder());
        JsonParser parser = JSON.createParser(text)) {
      header.read(parser);
    } catch (JsonProcessingException e) {
      String problem = e.getOriginalMessage().lines().findFirst().orElse("something else");
      long at = e.getLocation() == null ? 0 : e.getLocation().getCharOffset();
      throw bad(
          file,
          "header: expected JSON without duplicate names, found at character "
              + Math.max(0, at)
              + ": "
              + printable(problem));
    } catch (CharacterCodingException e) {
      throw bad(file, "header: expected UTF-8, found other bytes");
    } catch (IOException e) {
      throw new InputException(
          "safetensors '" + file + "': cannot be read (" + e.getMessage() + ")", e);
    }
    header.checkCoverage();
    return new Parsed(header.tensors, header.metadata);
  }

  private void read(JsonParser json) throws IOException {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw bad(file, "header: expected a JSON object, found " + kind(json.currentToken()));
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      JsonToken value = json.nextToken();
      if (value != JsonToken.START_OBJECT) {
        throw bad(file, tensor(name) + "expected an object, found " + kind(value));
      }
      if (name.equals(METADATA)) {
        readMetadata(json);
      } else {
        tensors.put(name, readTensor(json, name));
      }
    }
    if (json.nextToken() != null) {
      throw bad(
          file, "header: expected its end behind the object, found " + kind(json.currentToken()));
    }
  }

  private void readMetadata(JsonParser json) throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String key = json.currentName();
      if (json.nextToken() != JsonToken.VALUE_STRING) {
        throw bad(
            file,
            METADATA
                + "."
                + printable(key)
                + ": expected a string, found "
                + kind(json.currentToken()));
      }
      metadata.put(key, json.getText());
    }
  }

  private TensorInfo readTensor(JsonParser json, String name) throws IOException {
    SafetensorsDType type = null;
    List<Long> shape = null;
    List<Long> offsets = null;
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String key = json.currentName();
      json.nextToken();
      switch (key) {
        case "dtype" -> type = readType(json, name);
        case "shape" -> shape = readNumbers(json, name, key, MOST_EXTENTS);
        case "data_offsets" -> offsets = readNumbers(json, name, key, 2);
        default -> json.skipChildren(); // as the reference implementation does
      }
    }
    if (type == null || shape == null || offsets == null || offsets.size() != 2) {
      throw bad(
          file,
          tensor(name)
              + "expected dtype, shape and two data_offsets, found "
              + type
              + ", "
              + shape
              + " and "
              + offsets);
    }
    return check(name, type, shape, offsets.get(0), offsets.get(1));
  }

  private SafetensorsDType readType(JsonParser json, String name) throws IOException {
    String text = json.currentToken().isScalarValue() ? json.getText() : "no name";
    SafetensorsDType type = SafetensorsDType.byName(text);
    if (type == null) {
      throw bad(
          file, tensor(name) + "expected a dtype of the format, found '" + printable(text) + "'");
    }
    return type;
  }

  private List<Long> readNumbers(JsonParser json, String name, String key, int most)
      throws IOException {
    String where = tensor(name) + key + ": ";
    if (json.currentToken() != JsonToken.START_ARRAY) {
      throw bad(file, where + "expected an array, found " + kind(json.currentToken()));
    }
    List<Long> numbers = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() != JsonToken.VALUE_NUMBER_INT
          || json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
          || json.getLongValue() < 0) {
        String found = json.currentToken().isScalarValue() ? json.getText() : "an array or object";
        throw bad(
            file, where + "expected whole numbers from 0 to 2^63 - 1, found " + printable(found));
      }
      if (numbers.size() == most) {
        throw bad(file, where + "expected at most " + most + " numbers, found more");
      }
      numbers.add(json.getLongValue());
    }
    return numbers;
  }

  private TensorInfo check(
      String name, SafetensorsDType type, List<Long> shape, long begin, long end) {
    long bits = type.bits();
    try {
      for (long extent : shape) {
        bits = Math.multiplyExact(bits, extent);
      }
    } catch (ArithmeticException e) {
      throw bad(file, tensor(name) + "shape " + shape + ": its size overflows");
    }
    if (bits % 8 != 0) {
      throw bad(file, tensor(name) + type + " " + shape + ": expected whole bytes");
    }
    if (begin > end || end > dataBytes) {
      throw bad(
          file,
          tensor(name)
              + "data_offsets ["
              + begin
              + ", "
              + end
              + "]: expected them in order and within the file's "
              + dataBytes
              + " bytes of data");
    }
    if (end - begin != bits / 8) {
      throw bad(
          file,
          tensor(name)
              + "offset "
              + begin
              + ": expected "
              + bits / 8
              + " bytes for "
              + type
              + " "
              + shape
              + ", found "
              + (end - begin));
    }
    return new TensorInfo(name, type, shape, begin, end);
  }

  /** The format wants every byte of the data to belong to exactly one tensor. */
  private void checkCoverage() {
    List<TensorInfo> sorted = new ArrayList<>(tensors.values());
    sorted.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
    long at = 0;
    for (TensorInfo info : sorted) {
      if (info.begin() != at) {
        throw bad(
            file,
            tensor(info.name())
                + "expected to begin at offset "
                + at
                + ", found "
                + info.begin()
                + (info.begin() < at ? " (overlap)" : " (gap)"));
      }
      at = info.end();
    }
    if (at != dataBytes) {
      throw bad(
          file,
          "offset "
              + at
              + ": expected the end of the file, found "
              + (dataBytes - at)
              + " more bytes");
    }
  }

  private static String kind(JsonToken token) {
    return switch (token) {
      case null -> "the end";
      case START_OBJECT, END_OBJECT -> "an object";
      case START_ARRAY, END_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE, VALUE_NULL -> token.asString();
      default -> token.name();
    };
  }

  private static String tensor(String name) {
    return "tensor '" + printable(name) + "': ";
  }

  /** {@code text} in one line of bearable length, whatever a file had in it. */
  static String printable(String text) {
    StringBuilder line = new StringBuilder();
    text.codePoints()
        .limit(200)
        .forEach(
            c -> {
              if (Character.isISOControl(c) || c == 0x2028 || c == 0x2029) {
                line.append(String.format("\\u%04x", c));
              } else {
                line.appendCodePoint(c);
              }
            });
    return line + (text.codePointCount(0, text.length()) > 200 ? "..." : "");
  }

  static InputException bad(Path file, String message) {
    return new InputException(
        "safetensors '" + file + "': " + message + "; the file is damaged or foreign");
  }
}
