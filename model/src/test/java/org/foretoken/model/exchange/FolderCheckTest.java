package org.foretoken.model.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What contradicts itself in a folder is refused in one line. */
class FolderCheckTest {
  private static final String LLAMA =
      """
      {"model_type": "llama", "vocab_size": 11, "hidden_size": 8, "intermediate_size": 12,
       "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
       "num_nextn_predict_layers": 1, "hidden_act": "silu", "rms_norm_eps": 1e-6,
       "rope_theta": 10000.0, "tie_word_embeddings": false}
      """;
  private static final String DEEPSEEK =
      """
      {"model_type": "deepseek_v3", "vocab_size": 11, "hidden_size": 8, "intermediate_size": 12,
       "num_hidden_layers": 1, "num_attention_heads": 2, "q_lora_rank": null, "kv_lora_rank": 4,
       "qk_nope_head_dim": 4, "qk_rope_head_dim": 2, "v_head_dim": 3,
       "n_routed_experts": 2, "n_shared_experts": 1, "num_experts_per_tok": 1,
       "moe_intermediate_size": 6, "n_group": 1, "topk_group": 1, "first_k_dense_replace": 0,
       "scoring_func": "sigmoid", "topk_method": "noaux_tc", "norm_topk_prob": true,
       "routed_scaling_factor": 1.0, "num_nextn_predict_layers": 0, "rope_theta": 10000}
      """;

  @TempDir private Path folder;
  private RawFolder llama;

  @BeforeEach
  void byHand() {
    llama = new RawFolder();
    add(llama, "model.embed_tokens.weight", 11, 8);
    for (int i = 0; i < 2; i++) {
      String block = "model.layers." + i + ".";
      if (i == 1) {
        add(llama, block + "enorm.weight", 8);
        add(llama, block + "hnorm.weight", 8);
        add(llama, block + "eh_proj.weight", 8, 16);
        add(llama, block + "shared_head.norm.weight", 8);
      }
      add(llama, block + "input_layernorm.weight", 8);
      add(llama, block + "self_attn.q_proj.weight", 8, 8);
      add(llama, block + "self_attn.k_proj.weight", 4, 8);
      add(llama, block + "self_attn.v_proj.weight", 4, 8);
      add(llama, block + "self_attn.o_proj.weight", 8, 8);
      add(llama, block + "post_attention_layernorm.weight", 8);
      add(llama, block + "mlp.gate_proj.weight", 12, 8);
      add(llama, block + "mlp.up_proj.weight", 12, 8);
      add(llama, block + "mlp.down_proj.weight", 8, 12);
    }
    add(llama, "model.norm.weight", 8);
    add(llama, "lm_head.weight", 11, 8);
  }

  private static void add(RawFolder to, String name, int... shape) {
    int n = 1;
    for (int d : shape) {
      n *= d;
    }
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = name.length() + i;
    }
    to.f32(name, values, shape);
  }

  private Path written(String config, Consumer<RawFolder> change) throws IOException {
    change.accept(llama);
    llama.write(folder, config);
    return folder;
  }

  private void assertRefused(String config, Consumer<RawFolder> change, String... parts)
      throws IOException {
    Path path = written(config, change);
    assertThatThrownBy(() -> ModelFolder.open(path, OptionalInt.empty()).close())
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll(parts)
        .message()
        .hasLineCount(1);
  }

  private static void asItIs(RawFolder folder) {}

  @Test
  void aFolderMadeByHandIsRead() throws IOException {
    try (ModelFolder read =
        ModelFolder.open(written(LLAMA, FolderCheckTest::asItIs), OptionalInt.empty())) {
      assertThat(read.model().attention().headDim()).isEqualTo(4);
      assertThat(read.format()).isEqualTo(WeightFormat.FP32);
      assertThat(read.tokenizer()).isEmpty();
      assertThat(read.endOfText()).isEqualTo(-1);
    }
    // With copies of what the module shares, and with old tensors that say nothing new.
    Consumer<RawFolder> copies =
        f -> {
          f.f32("model.layers.0.self_attn.rotary_emb.inv_freq", new float[] {1, 2}, 2);
          float[] embedding = new float[88];
          float[] head = new float[88];
          for (int i = 0; i < 88; i++) {
            embedding[i] = "model.embed_tokens.weight".length() + i;
            head[i] = "lm_head.weight".length() + i;
          }
          f.f32("model.layers.1.embed_tokens.weight", embedding, 11, 8);
          f.f32("model.layers.1.shared_head.head.weight", head, 11, 8);
        };
    ModelFolder.open(written(LLAMA, copies), OptionalInt.empty()).close();
    assertRefused(
        LLAMA,
        f -> f.f32("model.layers.1.shared_head.head.weight", new float[88], 11, 8),
        "'model.layers.1.shared_head.head.weight'",
        "expected the bytes of 'lm_head.weight'",
        "--mtp-depth 0");
    ModelFolder.open(folder, OptionalInt.of(0)).close();
  }

  @Test
  void shapesThatContradictTheConfiguration() throws IOException {
    assertRefused(
        LLAMA.replace("\"intermediate_size\": 12", "\"intermediate_size\": 13"),
        FolderCheckTest::asItIs,
        "'model.layers.0.mlp.gate_proj.weight'",
        "expected [13, 8] by config.json, found [12, 8]",
        "correct config.json");
  }

  @Test
  void tensorsThatAreMissingOrTooMany() throws IOException {
    assertRefused(
        LLAMA,
        f -> add(f, "model.layers.0.self_attn.q_proj.bias", 8),
        "'model.layers.0.self_attn.q_proj.bias' is not of the model");
    assertRefused(
        LLAMA,
        f -> {
          f.remove("model.layers.0.self_attn.q_proj.bias");
          f.remove("model.norm.weight");
        },
        "'model.norm.weight'",
        "found no such tensor",
        "get the missing shards");
  }

  @Test
  void anotherNumberOfModules() throws IOException {
    assertRefused(
        LLAMA.replace("\"num_nextn_predict_layers\": 1", "\"num_nextn_predict_layers\": 2"),
        FolderCheckTest::asItIs,
        "expected 2 MTP modules by config.json (num_nextn_predict_layers)",
        "found no tensor of model.layers.2.*",
        "--mtp-depth 0");
  }

  @Test
  void expertsThatAreMissing() throws IOException {
    RawFolder moe = new RawFolder();
    add(moe, "model.embed_tokens.weight", 11, 8);
    String block = "model.layers.0.";
    add(moe, block + "input_layernorm.weight", 8);
    add(moe, block + "self_attn.q_proj.weight", 12, 8);
    add(moe, block + "self_attn.kv_a_proj_with_mqa.weight", 6, 8);
    add(moe, block + "self_attn.kv_a_layernorm.weight", 4);
    add(moe, block + "self_attn.kv_b_proj.weight", 14, 4);
    add(moe, block + "self_attn.o_proj.weight", 8, 6);
    add(moe, block + "post_attention_layernorm.weight", 8);
    add(moe, block + "mlp.gate.weight", 2, 8);
    add(moe, block + "mlp.gate.e_score_correction_bias", 2);
    for (String expert : new String[] {"experts.0", "experts.1", "shared_experts"}) {
      add(moe, block + "mlp." + expert + ".gate_proj.weight", 6, 8);
      add(moe, block + "mlp." + expert + ".up_proj.weight", 6, 8);
      add(moe, block + "mlp." + expert + ".down_proj.weight", 8, 6);
    }
    add(moe, "model.norm.weight", 8);
    add(moe, "lm_head.weight", 11, 8);
    llama = moe;
    ModelFolder.open(written(DEEPSEEK, FolderCheckTest::asItIs), OptionalInt.empty()).close();
    assertRefused(
        DEEPSEEK,
        f -> f.remove(block + "mlp.experts.1.up_proj.weight"),
        "expected 2 experts by config.json (n_routed_experts), found 1",
        "'model.layers.0.mlp.experts.1.up_proj.weight' is missing");
  }

  @Test
  void typesThatDoNotFitTogether() throws IOException {
    String down = "model.layers.0.mlp.down_proj.weight";
    assertRefused(
        LLAMA,
        f -> f.raw(down, "BF16", new byte[2 * 96], 8, 12),
        "expected one type for the weights of all linear layers",
        "F32 ('model.layers.0.self_attn.q_proj.weight')",
        "BF16 ('" + down + "')");
    String fp8 =
        LLAMA.replace(
            "\"hidden_act\"",
            "\"quantization_config\": {\"quant_method\": \"fp8\", \"fmt\": \"e4m3\","
                + " \"weight_block_size\": [128, 128]}, \"hidden_act\"");
    assertRefused(
        fp8, f -> add(f, down, 8, 12), "in F8_E4M3, as quantization_config says, found F32");
    assertRefused(
        fp8.replace("[128, 128]", "[64, 64]"),
        FolderCheckTest::asItIs,
        "quantization_config: expected fp8, e4m3 in blocks of [128,128]",
        "dequantize");
    assertRefused(
        LLAMA,
        f -> f.raw("model.norm.weight", "I32", new byte[32], 8),
        "'model.norm.weight': expected F32, BF16 or F16, found I32");
  }

  @Test
  void configurationsOfOtherModels() throws IOException {
    assertRefused(
        LLAMA.replace("llama", "gpt2"),
        FolderCheckTest::asItIs,
        "model_type: expected one of deepseek_v3, llama, mistral, foretoken, found \"gpt2\"");
    assertRefused(
        LLAMA.replace("\"hidden_size\": 8,", ""),
        FolderCheckTest::asItIs,
        "hidden_size",
        "found none");
    assertRefused(
        LLAMA.replace("\"rope_theta\"", "\"rope_scaling\": {\"type\": \"yarn\"}, \"rope_theta\""),
        FolderCheckTest::asItIs,
        "rope_scaling: expected none",
        "no YaRN");
    assertRefused(
        LLAMA.replace("\"silu\"", "\"gelu\""),
        FolderCheckTest::asItIs,
        "hidden_act: expected 'silu', found \"gelu\"");
    assertRefused(
        LLAMA.replace("\"num_key_value_heads\": 1", "\"num_key_value_heads\": 3"),
        FolderCheckTest::asItIs,
        "num_key_value_heads: expected a divisor of num_attention_heads (2), found 3");
    assertRefused(
        DEEPSEEK.replace("noaux_tc", "greedy"),
        FolderCheckTest::asItIs,
        "topk_method: expected 'noaux_tc'");
    Files.delete(folder.resolve("config.json"));
    assertThatThrownBy(() -> ModelFolder.open(folder, OptionalInt.empty()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("expected the model's configuration");
  }
}
