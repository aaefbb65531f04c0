package org.foretoken.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExpertFieldsTest {
  private static final FeedForwardConfig.MixtureOfExperts V3 =
      new FeedForwardConfig.MixtureOfExperts(256, 1, 8, 2048, 8, 4, true, 2.5, 1e-3, 1e-4, 3);

  private static ObjectNode written() {
    ObjectNode config = JsonNodeFactory.instance.objectNode();
    ExpertFields.write(config, V3);
    return config;
  }

  @Test
  void fieldsAreReadBackAsTheyWereWritten() {
    ObjectNode config = written();
    assertThat(ExpertFields.read("config.json", config, 1e-3)).isEqualTo(V3);
    assertThat(config.path("n_group").asInt()).isEqualTo(8);
    assertThat(config.path("topk_method").asText()).isEqualTo("noaux_tc");
    assertThat(config.path("scoring_func").asText()).isEqualTo("sigmoid");
    assertThat(config.path("first_k_dense_replace").asInt()).isEqualTo(3);
  }

  @Test
  void aFileWithoutExpertsIsDense() {
    assertThat(ExpertFields.read("c", JsonNodeFactory.instance.objectNode(), 0))
        .isEqualTo(new FeedForwardConfig.Dense());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"scoring_func", "topk_method", "num_experts_per_tok", "moe_intermediate_size"})
  void otherRoutingIsRefusedByName(String key) {
    ObjectNode config = written().put(key, "other");
    assertThatThrownBy(() -> ExpertFields.read("c.json", config, 0))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("c.json: " + key + ": expected ")
        .hasMessageEndingWith("found \"other\"");
  }
}
