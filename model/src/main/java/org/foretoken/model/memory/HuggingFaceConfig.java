package org.foretoken.model.memory;

import com.fasterxml.jackson.databind.JsonNode;
import org.foretoken.fp8.InputException;
import org.foretoken.model.memory.ModelShape.Attention;
import org.foretoken.model.memory.ModelShape.Experts;
import org.foretoken.model.memory.ModelShape.GroupedQuery;
import org.foretoken.model.memory.ModelShape.Latent;

/**
 * Shapes of models from the {@code config.json} of a checkpoint: DeepSeek-V2 and -V3 with latent
 * attention and experts, and dense SwiGLU models with grouped-query attention in Llama's keys.
 */
public final class HuggingFaceConfig {
  private static final long LARGEST = 1_000_000_000L;

  private final String where;
  private final JsonNode config;

  private HuggingFaceConfig(String where, JsonNode config) {
    this.where = where;
    this.config = config;
  }

  /**
   * The shape that a configuration describes.
   *
   * @param where the file, for messages
   * @throws InputException naming the key that is missing or wrong
   */
  public static ModelShape read(String where, JsonNode config) {
    return new HuggingFaceConfig(where, config).read();
  }

  private ModelShape read() {
    for (String key : new String[] {"num_local_experts", "num_experts"}) {
      if (config.path(key).asLong(0) > 1) {
        throw new InputException(
            where + ": " + key + ": expected a dense model or DeepSeek's experts, found others");
      }
    }
    int layers = (int) number("num_hidden_layers");
    boolean routes = config.path("n_routed_experts").asLong(0) > 0;
    Experts experts =
        routes
            ? new Experts(
                number("n_routed_experts"),
                number("n_shared_experts", 0),
                number("num_experts_per_tok"),
                number("moe_intermediate_size"))
            : null;
    return new ModelShape(
        config.path("model_type").asText("model"),
        number("vocab_size"),
        number("hidden_size"),
        layers,
        attention(),
        number("intermediate_size"),
        routes ? (int) Math.min(layers, number("first_k_dense_replace", 0)) : layers,
        experts,
        (int) number("num_nextn_predict_layers", 0),
        config.path("tie_word_embeddings").asBoolean(false));
  }

  private Attention attention() {
    long heads = number("num_attention_heads");
    if (config.has("kv_lora_rank")) {
      return new Latent(
          heads,
          number("q_lora_rank", 0),
          number("kv_lora_rank"),
          number("qk_nope_head_dim"),
          number("qk_rope_head_dim"),
          number("v_head_dim"));
    }
    return new GroupedQuery(
        heads,
        number("num_key_value_heads", heads),
        number("head_dim", number("hidden_size") / Math.max(1, heads)));
  }

  private long number(String key) {
    JsonNode node = config.path(key);
    if (!node.isIntegralNumber() || node.asLong() < 1 || node.asLong() > LARGEST) {
      throw new InputException(
          where
              + ": "
              + key
              + ": expected a whole number from 1 to "
              + LARGEST
              + ", found "
              + (node.isMissingNode() ? "none" : node));
    }
    return node.asLong();
  }

  /** A number that may be missing, null or 0. */
  private long number(String key, long fallback) {
    JsonNode node = config.path(key);
    boolean absent = node.isMissingNode() || node.isNull();
    return absent ? fallback : node.isInt() && node.asInt() == 0 ? 0 : number(key);
  }
}
