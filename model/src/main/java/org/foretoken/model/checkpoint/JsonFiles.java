package org.foretoken.model.checkpoint;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.foretoken.fp8.InputException;

/** JSON files of a checkpoint folder: one object each, in UTF-8, no name twice. */
final class JsonFiles {
  /** Longest file that is read; the index of 100,000 tensors takes 8 MB. */
  private static final long LONGEST = 100_000_000L;

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private JsonFiles() {}

  static ObjectNode read(Path file) {
    try {
      long size = Files.size(file);
      if (size > LONGEST) {
        throw new InputException(
            String.format("'%s': expected at most %d bytes, found %d", file, LONGEST, size));
      }
      try (Reader text =
          new InputStreamReader(Files.newInputStream(file), StandardCharsets.UTF_8.newDecoder())) {
        JsonNode root = MAPPER.readTree(text);
        if (root instanceof ObjectNode object) {
          return object;
        }
        throw new InputException("'" + file + "': expected a JSON object, found something else");
      }
    } catch (JsonProcessingException e) {
      String problem = e.getOriginalMessage().lines().findFirst().orElse("something else");
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      throw new InputException(
          String.format(
              "'%s' line %d: expected JSON without duplicate names, found: %s",
              file, line, SafetensorsHeader.printable(problem)),
          e);
    } catch (CharacterCodingException e) {
      throw new InputException("'" + file + "': expected UTF-8, found other bytes", e);
    } catch (IOException e) {
      throw new InputException("'" + file + "': cannot be read (" + e.getMessage() + ")", e);
    }
  }

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static byte[] bytes(ObjectNode object) throws IOException {
    return MAPPER.writeValueAsBytes(object);
  }
}
