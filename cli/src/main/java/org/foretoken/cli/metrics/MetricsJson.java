package org.foretoken.cli.metrics;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import org.foretoken.model.config.ConfigJson;
import org.foretoken.model.config.RunConfig;

/** Records to JSON in snake case, one line each, and back. */
public final class MetricsJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .defaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, null))
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .disable(DeserializationFeature.FAIL_ON_INVALID_SUBTYPE)
          .build();

  private MetricsJson() {}

  /** A record as one line of JSON, without the line's end. */
  public static String line(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot be written as JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * Reads a line.
   *
   * @return the line, or null for a type that this version does not know
   * @throws JsonProcessingException when it is not such a line
   */
  static MetricsLine read(String line) throws JsonProcessingException {
    return MAPPER.readValue(line, MetricsLine.class);
  }

  /** A run's configuration as JSON. */
  public static JsonNode config(RunConfig run) {
    try {
      return MAPPER.readTree(ConfigJson.write(run));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("cannot be read back: " + e.getOriginalMessage(), e);
    }
  }
}
