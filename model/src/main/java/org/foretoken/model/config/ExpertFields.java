package org.foretoken.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.foretoken.fp8.InputException;
import org.foretoken.model.config.FeedForwardConfig.MixtureOfExperts;

/**
 * A mixture of experts in the fields of DeepSeek-V3's {@code config.json}. The step of the
 * balancing bias has no field there, since it matters to training alone.
 */
public final class ExpertFields {
  private static final String SCORES = "sigmoid";
  private static final String TOP_K = "noaux_tc";

  private ExpertFields() {}

  /** Writes the fields. */
  public static void write(ObjectNode config, MixtureOfExperts m) {
    config.put("n_routed_experts", m.routedExperts());
    config.put("n_shared_experts", m.sharedExperts());
    config.put("num_experts_per_tok", m.expertsPerToken());
    config.put("moe_intermediate_size", m.moeIntermediateSize());
    config.put("n_group", m.expertGroups());
    config.put("topk_group", m.topkGroup());
    config.put("norm_topk_prob", m.normTopkProb());
    config.put("routed_scaling_factor", m.routedScalingFactor());
    config.put("first_k_dense_replace", m.firstDenseLayers());
    config.put("moe_layer_freq", 1);
    config.put("scoring_func", SCORES);
    config.put("topk_method", TOP_K);
    config.put("aux_loss_alpha", m.balanceLossAlpha());
    config.put("seq_aux", true);
  }

  /**
   * Reads the fields: a mixture of experts, or dense networks where the file routes to none.
   *
   * @param where the file, for messages
   * @param biasUpdateSpeed gamma, for training on
   * @throws InputException when a field is missing, or asks for another kind of routing
   */
  public static FeedForwardConfig read(String where, JsonNode config, double biasUpdateSpeed) {
    if (config.path("n_routed_experts").asInt(0) == 0) {
      return new FeedForwardConfig.Dense();
    }
    require(where, config, "scoring_func", SCORES);
    require(where, config, "topk_method", TOP_K);
    if (config.path("moe_layer_freq").asInt(1) != 1) {
      throw wrong(where, "moe_layer_freq", "1", config);
    }
    int routed = whole(where, config, "n_routed_experts", -1);
    int perToken = whole(where, config, "num_experts_per_tok", -1);
    int groups = whole(where, config, "n_group", 1);
    int chosen = whole(where, config, "topk_group", 1);
    requireRouting(where, config, routed, perToken, groups, chosen);
    return new MixtureOfExperts(
        routed,
        whole(where, config, "n_shared_experts", 0),
        perToken,
        whole(where, config, "moe_intermediate_size", -1),
        groups,
        chosen,
        config.path("norm_topk_prob").asBoolean(true),
        config.path("routed_scaling_factor").asDouble(1),
        biasUpdateSpeed,
        config.path("aux_loss_alpha").asDouble(0),
        whole(where, config, "first_k_dense_replace", 0));
  }

  private static void requireRouting(
      String where, JsonNode config, int routed, int perToken, int groups, int chosen) {
    if (groups < 1 || routed % groups != 0) {
      throw wrong(where, "n_group", "a divisor of n_routed_experts (" + routed + ")", config);
    }
    if (chosen < 1 || chosen > groups) {
      throw wrong(where, "topk_group", "1 to n_group (" + groups + ")", config);
    }
    int eligible = chosen * (routed / groups);
    if (perToken < 1 || perToken > eligible) {
      String expected = "1 to the experts of topk_group groups (" + eligible + ")";
      throw wrong(where, "num_experts_per_tok", expected, config);
    }
  }

  private static void require(String where, JsonNode config, String key, String expected) {
    if (!config.path(key).asText(expected).equals(expected)) {
      throw wrong(where, key, "'" + expected + "'", config);
    }
  }

  /** A whole number; {@code fallback} where it is missing or null, if that is not negative. */
  private static int whole(String where, JsonNode config, String key, int fallback) {
    JsonNode node = config.path(key);
    if ((node.isMissingNode() || node.isNull()) && fallback >= 0) {
      return fallback;
    }
    if (!node.isInt() || node.asInt() < 0) {
      throw wrong(where, key, "a whole number", config);
    }
    return node.asInt();
  }

  private static InputException wrong(String where, String key, String expected, JsonNode config) {
    JsonNode found = config.path(key);
    return new InputException(
        where
            + ": "
            + key
            + ": expected "
            + expected
            + ", found "
            + (found.isMissingNode() ? "none" : found));
  }
}
