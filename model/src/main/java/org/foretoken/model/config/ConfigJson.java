package org.foretoken.model.config;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.foretoken.fp8.InputException;

/** Configurations as JSON, keys in snake_case as in YAML: what a checkpoint keeps of its run. */
public final class ConfigJson {
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = AttentionConfig.GroupedQuery.class, name = "grouped_query"),
    @JsonSubTypes.Type(value = AttentionConfig.Latent.class, name = "latent")
  })
  private interface AttentionKinds {}

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = FeedForwardConfig.Dense.class, name = "dense"),
    @JsonSubTypes.Type(
        value = FeedForwardConfig.MixtureOfExperts.class,
        name = "mixture_of_experts")
  })
  private interface FeedForwardKinds {}

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .addMixIn(AttentionConfig.class, AttentionKinds.class)
          .addMixIn(FeedForwardConfig.class, FeedForwardKinds.class)
          .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /** Values, as JSON, of keys that older checkpoints do not have, by their place. */
  private static final Map<String, String> ADDED_LATER =
      Map.of(
          "/model/feed_forward", "{\"kind\":\"dense\"}",
          "/model/mtp_control", "\"none\"",
          "/train/accumulation", "1",
          "/train/recompute", "\"none\"",
          "/data/tokenizer", "\"\"",
          "/data/document_mask", "true");

  private ConfigJson() {}

  /** The configuration as JSON. */
  public static String write(RunConfig run) {
    try {
      return MAPPER.writeValueAsString(run);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(
          "configuration cannot be written as JSON: " + e.getOriginalMessage(), e);
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @param where file, for the message
   * @throws InputException when it is not such a configuration
   */
  public static RunConfig read(String where, String json) {
    try {
      JsonNode tree = MAPPER.readTree(json);
      for (Map.Entry<String, String> added : ADDED_LATER.entrySet()) {
        int name = added.getKey().lastIndexOf('/') + 1;
        if (tree.at(added.getKey().substring(0, name - 1)) instanceof ObjectNode parent
            && !parent.has(added.getKey().substring(name))) {
          parent.set(added.getKey().substring(name), MAPPER.readTree(added.getValue()));
        }
      }
      return MAPPER.treeToValue(tree, RunConfig.class);
    } catch (JsonProcessingException e) {
      throw new InputException(
          where
              + ": expected a run's configuration, found "
              + e.getOriginalMessage().lines().findFirst().orElse("nothing")
              + "; use a checkpoint that train wrote");
    }
  }
}
