package org.foretoken.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

  /** 256 experts in 8 groups of which 4 are chosen: 128 of them are within reach of a token. */
  @ParameterizedTest
  @CsvSource({
    "n_group, 3, a divisor of n_routed_experts (256)",
    "n_group, 0, a divisor of n_routed_experts (256)",
    "topk_group, 9, 1 to n_group (8)",
    "topk_group, 0, 1 to n_group (8)",
    "num_experts_per_tok, 129, 1 to the experts of topk_group groups (128)",
    "num_experts_per_tok, 0, 1 to the experts of topk_group groups (128)"
  })
  void aRoutingThatNoRouterCanDoIsRefused(String key, int value, String expected) {
    ObjectNode config = written().put(key, value);
    assertThatThrownBy(() -> ExpertFields.read("c.json", config, 0))
        .isInstanceOf(InputException.class)
        .hasMessage("c.json: " + key + ": expected " + expected + ", found " + value);
  }
}
