package org.foretoken.tests.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.foretoken.cli.config.Configs;
import org.foretoken.model.config.ModelConfig;
import org.foretoken.model.memory.KvCache;
import org.foretoken.model.memory.ModelShape;
import org.foretoken.model.nn.ModelLayout;
import org.foretoken.model.nn.ParameterSpec;
import org.junit.jupiter.api.Test;

/**
 * The preset against what DeepSeek says of the model: 671 B parameters, 37 B of them active for a
 * token (arXiv 2412.19437, abstract); of the MTP module, in README_WEIGHTS.md beside the published
 * weights, 11.5 B that are its own and 2.4 B active with the shared embedding and head of 0.9 B
 * each.
 */
class DeepSeekV3PresetTest {
  private static final double BILLION = 1e9;

  private final ModelConfig config = Configs.load("deepseek-v3", List.of()).model();
  private final ModelShape shape = ModelShape.of(config);
  private final ModelShape trunk = shape.trunk();

  @Test
  void theTrunkHas671BillionParametersAnd37BillionActive() {
    long all = ModelLayout.of(config.withMtpDepth(0)).parameterCount();
    assertThat(all).isEqualTo(671_026_404_352L);
    assertThat(trunk.profile().totalParameters()).isEqualTo(all);
    // The published weights' page says 36.6 B with the head, and 36.7 B in its latest version.
    long embedding = (long) config.vocabSize() * config.hiddenSize();
    assertThat((trunk.activeParameters() - embedding) / BILLION).isBetween(36.55, 36.75);
    assertThat(trunk.activeParameters() / BILLION).isBetween(37.5, 37.6);
  }

  @Test
  void theModuleHas11Point5BillionOfItsOwnBesideItsProjection() {
    long own =
        ModelLayout.of(config).parameterCount()
            - ModelLayout.of(config.withMtpDepth(0)).parameterCount();
    long projection = 2L * config.hiddenSize() * config.hiddenSize();
    long shared = 2L * config.vocabSize() * config.hiddenSize();
    // Both published figures leave out eh_proj, 0.1 B.
    assertThat((own - projection) / BILLION).isBetween(11.45, 11.55);
    long active = shape.activeParameters() - trunk.activeParameters();
    assertThat((active - projection + shared) / BILLION).isBetween(2.35, 2.45);
    assertThat(own / BILLION).isBetween(11.6, 11.65);
  }

  @Test
  void tensorsAreThoseOfThePublishedWeights() {
    ModelLayout layout = ModelLayout.of(config);
    assertThat(layout.tensors().flatMap(p -> p.files().stream()).map(f -> f.name() + f.shape()))
        .contains(
            "model.embed_tokens.weight[129280,7168]",
            "model.layers.0.self_attn.q_a_proj.weight[1536,7168]",
            "model.layers.0.self_attn.q_b_proj.weight[24576,1536]",
            "model.layers.0.self_attn.kv_a_proj_with_mqa.weight[576,7168]",
            "model.layers.0.self_attn.kv_a_layernorm.weight[512]",
            "model.layers.0.self_attn.kv_b_proj.weight[32768,512]",
            "model.layers.0.self_attn.o_proj.weight[7168,16384]",
            "model.layers.2.mlp.down_proj.weight[7168,18432]",
            "model.layers.3.mlp.gate.weight[256,7168]",
            "model.layers.3.mlp.experts.255.up_proj.weight[2048,7168]",
            "model.layers.60.mlp.shared_experts.down_proj.weight[7168,2048]",
            "model.layers.61.eh_proj.weight[7168,14336]",
            "model.layers.61.mlp.experts.0.gate_proj.weight[2048,7168]",
            "lm_head.weight[129280,7168]");
    assertThat(layout.parameters().stream().mapToLong(ParameterSpec::elements).sum())
        .isEqualTo(layout.parameterCount());
  }

  @Test
  void theCacheIsA57thOfMultiHeadAttentions() {
    KvCache cache = KvCache.of(config);
    assertThat(cache.bytes(2)).isEqualTo(62 * 576 * 2);
    assertThat(cache.multiHead() / (double) cache.kept()).isBetween(56.8, 56.9);
    assertThat(cache.equivalentHeads()).isEqualTo(2.25);
  }
}
