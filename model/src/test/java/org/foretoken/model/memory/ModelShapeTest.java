package org.foretoken.model.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.MemoryProfile;
import org.foretoken.fp8.Operation;
import org.foretoken.model.TestModels;
import org.foretoken.model.config.AttentionConfig;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.nn.ModelLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Parameter counts against published models and against this project's own layout. */
class ModelShapeTest {
  private static final String DEEPSEEK_V3 =
      "{'model_type':'deepseek_v3','vocab_size':129280,'hidden_size':7168,"
          + "'num_hidden_layers':61,'num_attention_heads':128,'num_key_value_heads':128,"
          + "'q_lora_rank':1536,'kv_lora_rank':512,'qk_nope_head_dim':128,'qk_rope_head_dim':64,"
          + "'v_head_dim':128,'intermediate_size':18432,'moe_intermediate_size':2048,"
          + "'n_routed_experts':256,'n_shared_experts':1,'num_experts_per_tok':8,"
          + "'first_k_dense_replace':3,'num_nextn_predict_layers':1}";
  private static final String LLAMA_8B =
      "{'model_type':'llama','vocab_size':128256,'hidden_size':4096,'num_hidden_layers':32,"
          + "'num_attention_heads':32,'num_key_value_heads':8,'intermediate_size':14336}";

  private static JsonNode json(String text) throws IOException {
    return JsonMapper.builder().build().readTree(text.replace('\'', '"'));
  }

  private static MemoryProfile profile(String text) throws IOException {
    return HuggingFaceConfig.read("config.json", json(text)).profile();
  }

  @Test
  void publishedModelsHaveTheirPublishedSizes() throws IOException {
    MemoryProfile trunk = profile(DEEPSEEK_V3.replace("predict_layers':1", "predict_layers':0"));
    MemoryProfile whole = profile(DEEPSEEK_V3);
    // arXiv 2412.19437: 671B in all; the MTP module has 11.5B of its own, as its weights' page
    // says.
    assertThat(trunk.totalParameters()).isBetween(670_900_000_000L, 671_100_000_000L);
    assertThat(whole.totalParameters() - trunk.totalParameters())
        .isBetween(11_500_000_000L, 11_700_000_000L);
    assertThat(whole.kvPerToken()).isEqualTo(61 * (512 + 64));
    // 37B active parameters, the MTP module 2.4B, as the same sources say.
    ModelShape shape = HuggingFaceConfig.read("config.json", json(DEEPSEEK_V3));
    assertThat(shape.trunk().activeParameters()).isBetween(36_500_000_000L, 37_600_000_000L);
    assertThat(shape.activeParameters() - shape.trunk().activeParameters())
        .isBetween(600_000_000L, 2_500_000_000L);
    assertThat(profile(LLAMA_8B).totalParameters()).isEqualTo(8_030_261_248L);
    assertThat(profile(LLAMA_8B).kvPerToken()).isEqualTo(2 * 8 * 128 * 32);
  }

  @ParameterizedTest
  @CsvSource({"3, 0", "0, 0", "2, 20"})
  void modelsWithLatentAttentionAgreeWithTheirLayout(int depth, int qLoraRank) {
    ModelConfig config = TestModels.latent(depth, true, qLoraRank);
    MemoryProfile profile = ModelShape.of(config).profile();
    assertThat(profile.totalParameters()).isEqualTo(ModelLayout.of(config).parameterCount());
    assertThat(profile.kvPerToken()).isEqualTo(14L * config.layers());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  void thisProjectsModelsAgreeWithTheirLayout(int depth) {
    for (boolean tied : new boolean[] {true, false}) {
      ModelConfig config =
          new ModelConfig(
              "m",
              1000,
              128,
              6,
              new AttentionConfig.GroupedQuery(8, 2, 16),
              512,
              1e4,
              1e-6f,
              depth,
              tied,
              0.02);
      MemoryProfile profile = ModelShape.of(config).profile();
      assertThat(profile.totalParameters()).isEqualTo(ModelLayout.of(config).parameterCount());
      assertThat(profile.parameters().get(Operation.MTP_PROJECTION))
          .isEqualTo(depth * 2L * 128 * 128);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void modelsWithExpertsAgreeWithTheirLayout(int depth) {
    ModelConfig config = TestModels.experts(depth, depth == 0);
    ModelShape shape = ModelShape.of(config);
    assertThat(shape.profile().totalParameters())
        .isEqualTo(ModelLayout.of(config).parameterCount());
    int idle = (1 + depth) * (8 - 3) * 3 * 13 * config.hiddenSize();
    assertThat(shape.activeParameters()).isEqualTo(shape.profile().totalParameters() - idle);
  }

  @Test
  void wrongKeysAreNamed() throws IOException {
    for (String broken :
        new String[] {
          "'hidden_size':0", "'hidden_size':-5", "'hidden_size':'x'", "'hidden_size':1e3", "'x':1"
        }) {
      JsonNode config = json(LLAMA_8B.replace("'hidden_size':4096", broken));
      assertThatThrownBy(() -> HuggingFaceConfig.read("c.json", config))
          .isInstanceOf(InputException.class)
          .hasMessageStartingWith("c.json: hidden_size: expected a whole number");
    }
    JsonNode experts = json(LLAMA_8B.replace("'model_type'", "'num_local_experts':8,'model_type'"));
    assertThatThrownBy(() -> HuggingFaceConfig.read("c.json", experts))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("num_local_experts");
  }
}
