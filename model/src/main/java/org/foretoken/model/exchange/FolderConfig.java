package org.foretoken.model.exchange;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.foretoken.fp8.InputException;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ExpertFields;
import org.foretoken.model.config.FeedForwardConfig;
import org.foretoken.model.config.ModelConfig;

/**
 * A model's {@code config.json} in the keys that Hugging Face's libraries use.
 *
 * <p>{@code model_type} is {@code deepseek_v3} for latent attention, {@code llama} for
 * grouped-query attention with dense networks, and {@code foretoken} for what neither covers. MTP
 * modules are {@code num_nextn_predict_layers} in all of them, as in DeepSeek-V3.
 *
 * @param model the model
 * @param fp8 whether {@code quantization_config} promises DeepSeek-V3's FP8 weights
 * @param ropeHalves whether rotary positions turn rows j and j + d/2 of a head, as in Llama's files
 * @param endOfText token that ends a text, -1 where none is named
 */
public record FolderConfig(ModelConfig model, boolean fp8, boolean ropeHalves, int endOfText) {
  private static final String DEEPSEEK = "deepseek_v3";
  private static final String LLAMA = "llama";
  private static final String OURS = "foretoken";
  private static final List<String> TYPES = List.of(DEEPSEEK, LLAMA, "mistral", OURS);
  private static final String QUANTIZATION = "quantization_config";
  private static final int BLOCK = 128;
  private static final int LARGEST = 1 << 28;

  /** What {@code config.json} of an exported model says, and how its rows are ordered. */
  public static FolderConfig of(ModelConfig model, WeightFormat weights, int endOfText) {
    boolean halves = type(model).equals(LLAMA);
    return new FolderConfig(model, weights == WeightFormat.FP8, halves, endOfText);
  }

  private static String type(ModelConfig model) {
    if (model.attention() instanceof AttentionConfig.Latent) {
      return DEEPSEEK;
    }
    return model.feedForward() instanceof FeedForwardConfig.Dense ? LLAMA : OURS;
  }

  /**
   * The file.
   *
   * @param positions longest sequence that the model was trained on
   */
  public ObjectNode write(int positions) {
    ObjectNode c = JsonNodeFactory.instance.objectNode();
    String type = type(model);
    c.putArray("architectures")
        .add(
            switch (type) {
              case DEEPSEEK -> "DeepseekV3ForCausalLM";
              case LLAMA -> "LlamaForCausalLM";
              default -> "ForetokenForCausalLM";
            });
    c.put("model_type", type);
    c.put("vocab_size", model.vocabSize());
    c.put("hidden_size", model.hiddenSize());
    c.put("intermediate_size", model.intermediateSize());
    c.put("num_hidden_layers", model.layers());
    c.put("num_attention_heads", model.attention().heads());
    switch (model.attention()) {
      case AttentionConfig.GroupedQuery a -> {
        c.put("num_key_value_heads", a.kvHeads());
        c.put("head_dim", a.headDim());
      }
      case AttentionConfig.Latent a -> {
        c.put("num_key_value_heads", a.heads());
        if (a.qLoraRank() == 0) {
          c.putNull("q_lora_rank");
        } else {
          c.put("q_lora_rank", a.qLoraRank());
        }
        c.put("kv_lora_rank", a.kvLoraRank());
        c.put("qk_nope_head_dim", a.qkNopeHeadDim());
        c.put("qk_rope_head_dim", a.qkRopeHeadDim());
        c.put("v_head_dim", a.vHeadDim());
        c.put("rope_interleave", true);
      }
    }
    switch (model.feedForward()) {
      case FeedForwardConfig.Dense d -> {
        if (type.equals(DEEPSEEK)) {
          c.put("n_routed_experts", 0);
          c.put("first_k_dense_replace", model.layers() + model.mtpDepth());
        }
      }
      case FeedForwardConfig.MixtureOfExperts m -> ExpertFields.write(c, m);
    }
    c.put("num_nextn_predict_layers", model.mtpDepth());
    c.put("hidden_act", "silu");
    c.put("attention_bias", false);
    c.put("mlp_bias", false);
    c.put("rope_theta", model.ropeTheta());
    c.putNull("rope_scaling");
    c.put("rms_norm_eps", Double.parseDouble(Float.toString(model.rmsNormEps())));
    c.put("max_position_embeddings", positions);
    c.put("tie_word_embeddings", model.tieEmbeddings());
    c.put("initializer_range", model.initStd());
    if (endOfText >= 0) {
      c.put("eos_token_id", endOfText);
    }
    c.put("use_cache", true);
    return c;
  }

  /**
   * Reads the file.
   *
   * @param where the file, for messages
   * @param name name for the model
   * @throws InputException naming the key that is missing, wrong, or asks for what is not there
   */
  public static FolderConfig read(String where, String name, JsonNode config) {
    return new Reader(where, config).read(name);
  }

  private record Reader(String where, JsonNode config) {
    FolderConfig read(String name) {
      String type = config.path("model_type").asText("");
      if (!TYPES.contains(type)) {
        throw wrong("model_type", "one of " + String.join(", ", TYPES));
      }
      require("hidden_act", "silu");
      refuse("attention_bias");
      refuse("mlp_bias");
      double theta = ropeTheta();
      int hidden = whole("hidden_size", -1);
      int layers = whole("num_hidden_layers", -1);
      AttentionConfig attention = attention(type, hidden);
      FeedForwardConfig feedForward =
          type.equals(LLAMA) || type.equals("mistral")
              ? new FeedForwardConfig.Dense()
              : ExpertFields.read(where, config, 0);
      if (config.path("num_local_experts").asInt(0) > 1) {
        throw wrong("num_local_experts", "none");
      }
      ModelConfig model =
          new ModelConfig(
              name,
              whole("vocab_size", -1),
              hidden,
              layers,
              attention,
              whole("intermediate_size", -1),
              feedForward,
              theta,
              (float) config.path("rms_norm_eps").asDouble(1e-6),
              zeroOrMore("num_nextn_predict_layers"),
              config.path("tie_word_embeddings").asBoolean(false),
              config.path("initializer_range").asDouble(0.02));
      boolean halves = type.equals(LLAMA) || type.equals("mistral");
      return new FolderConfig(model, fp8(), halves, endOfText());
    }

    private AttentionConfig attention(String type, int hidden) {
      int heads = whole("num_attention_heads", -1);
      if (type.equals(DEEPSEEK) || config.hasNonNull("kv_lora_rank")) {
        if (!config.path("rope_interleave").asBoolean(true)) {
          throw wrong("rope_interleave", "true");
        }
        int rope = whole("qk_rope_head_dim", -1);
        requireEven("qk_rope_head_dim", rope);
        return new AttentionConfig.Latent(
            heads,
            zeroOrMore("q_lora_rank"),
            whole("kv_lora_rank", -1),
            whole("qk_nope_head_dim", -1),
            rope,
            whole("v_head_dim", -1));
      }
      int kvHeads = whole("num_key_value_heads", heads);
      if (heads % kvHeads != 0) {
        throw wrong("num_key_value_heads", "a divisor of num_attention_heads (" + heads + ")");
      }
      if (!config.hasNonNull("head_dim") && hidden % heads != 0) {
        throw wrong("head_dim", "a width, since hidden_size is no multiple of heads");
      }
      int headDim = whole("head_dim", hidden / heads);
      requireEven("head_dim", headDim);
      return new AttentionConfig.GroupedQuery(heads, kvHeads, headDim);
    }

    /** The base of the rotary frequencies, from its old place or its new one. */
    private double ropeTheta() {
      JsonNode scaling = config.path("rope_scaling");
      JsonNode parameters = config.path("rope_parameters");
      String kind = parameters.path("rope_type").asText("default");
      if (!scaling.isMissingNode() && !scaling.isNull() || !kind.equals("default")) {
        throw new InputException(
            where
                + ": rope_scaling: expected none, found "
                + (kind.equals("default") ? scaling : kind)
                + "; positions are not stretched here (no YaRN), take it out to use the model up to"
                + " the length it was first trained on");
      }
      JsonNode theta =
          config.has("rope_theta") ? config.path("rope_theta") : parameters.path("rope_theta");
      double value = theta.asDouble(10_000);
      if (!(value > 1)) {
        throw wrong("rope_theta", "more than 1");
      }
      return value;
    }

    private boolean fp8() {
      JsonNode q = config.path(QUANTIZATION);
      if (q.isMissingNode() || q.isNull()) {
        return false;
      }
      JsonNode block = q.path("weight_block_size");
      boolean ours =
          q.path("quant_method").asText().equals("fp8")
              && q.path("fmt").asText("e4m3").equals("e4m3")
              && block.size() == 2
              && block.get(0).asInt() == BLOCK
              && block.get(1).asInt() == BLOCK;
      if (!ours) {
        throw new InputException(
            where
                + ": "
                + QUANTIZATION
                + ": expected fp8, e4m3 in blocks of [128,128], found "
                + q
                + "; 'foretoken dequantize' makes BF16 of other recipes");
      }
      return true;
    }

    private int endOfText() {
      JsonNode eos = config.path("eos_token_id");
      return eos.isArray() ? eos.path(0).asInt(-1) : eos.asInt(-1);
    }

    private void requireEven(String key, int value) {
      if (value % 2 != 0) {
        throw wrong(key, "an even number");
      }
    }

    private void require(String key, String expected) {
      if (!config.path(key).asText(expected).equals(expected)) {
        throw wrong(key, "'" + expected + "'");
      }
    }

    private void refuse(String key) {
      if (config.path(key).asBoolean(false)) {
        throw wrong(key, "false, since linear layers have no biases here");
      }
    }

    private int zeroOrMore(String key) {
      JsonNode node = config.path(key);
      return node.isIntegralNumber() && node.asLong() == 0 ? 0 : whole(key, 0);
    }

    /** A whole number; {@code fallback} where it is missing or null, unless that is negative. */
    private int whole(String key, int fallback) {
      JsonNode node = config.path(key);
      if ((node.isMissingNode() || node.isNull()) && fallback >= 0) {
        return fallback;
      }
      if (!node.isIntegralNumber() || node.asLong() < 1 || node.asLong() > LARGEST) {
        throw wrong(key, "a whole number from 1 to " + LARGEST);
      }
      return node.asInt();
    }

    private InputException wrong(String key, String expected) {
      JsonNode found = config.path(key);
      return new InputException(
          where
              + ": "
              + key
              + ": expected "
              + expected
              + ", found "
              + (found.isMissingNode() ? "none" : found)
              + "; give a folder of a model that this program can run");
    }
  }
}
