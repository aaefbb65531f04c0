package org.foretoken.model.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.foretoken.model.convert.LinearWeights.Decision.KEEP_EXCLUDED;
import static org.foretoken.model.convert.LinearWeights.Decision.KEEP_NAMED;
import static org.foretoken.model.convert.LinearWeights.Decision.KEEP_SHAPE;
import static org.foretoken.model.convert.LinearWeights.Decision.KEEP_TYPE;
import static org.foretoken.model.convert.LinearWeights.Decision.KEEP_UNKNOWN;
import static org.foretoken.model.convert.LinearWeights.Decision.QUANTIZE;

import java.util.List;
import java.util.regex.Pattern;
import org.foretoken.model.checkpoint.SafetensorsDType;
import org.foretoken.model.checkpoint.TensorInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinearWeightsTest {
  private static TensorInfo matrix(String name, SafetensorsDType type, Long... shape) {
    long elements = 1;
    for (long extent : shape) {
      elements *= extent;
    }
    return new TensorInfo(name, type, List.of(shape), 0, elements * type.bytes());
  }

  private static LinearWeights.Decision decide(String name) {
    return LinearWeights.BY_NAME.decide(matrix(name, SafetensorsDType.BF16, 8L, 8L));
  }

  @ParameterizedTest
  @CsvSource({
    "model.layers.0.self_attn.q_a_proj.weight, QUANTIZE",
    "model.layers.0.self_attn.kv_a_proj_with_mqa.weight, QUANTIZE",
    "model.layers.3.mlp.experts.255.down_proj.weight, QUANTIZE",
    "model.layers.3.mlp.shared_experts.gate_proj.weight, QUANTIZE",
    "model.layers.3.mlp.gate.weight, KEEP_NAMED",
    "model.layers.61.eh_proj.weight, KEEP_NAMED",
    "model.layers.61.shared_head.head.weight, KEEP_NAMED",
    "model.layers.61.embed_tokens.weight, KEEP_NAMED",
    "lm_head.weight, KEEP_NAMED",
    "model.layers.0.self_attn.q_proj.bias, KEEP_UNKNOWN",
    "vision.patch_embed.proj.weight, KEEP_UNKNOWN",
    "q_proj, KEEP_UNKNOWN",
  })
  void namesDecide(String name, LinearWeights.Decision decision) {
    assertThat(decide(name)).isEqualTo(decision);
  }

  @Test
  void shapesAndTypesDecide() {
    String name = "a.q_proj.weight";
    assertThat(LinearWeights.BY_NAME.decide(matrix(name, SafetensorsDType.F32, 8L)))
        .isEqualTo(KEEP_SHAPE);
    assertThat(LinearWeights.BY_NAME.decide(matrix(name, SafetensorsDType.F32, 2L, 2L, 2L)))
        .isEqualTo(KEEP_SHAPE);
    assertThat(LinearWeights.BY_NAME.decide(matrix(name, SafetensorsDType.F32, 0L, 8L)))
        .isEqualTo(KEEP_SHAPE);
    assertThat(LinearWeights.BY_NAME.decide(matrix(name, SafetensorsDType.F8_E4M3, 8L, 8L)))
        .isEqualTo(KEEP_TYPE);
    assertThat(LinearWeights.BY_NAME.decide(matrix(name, SafetensorsDType.F16, 8L, 8L)))
        .isEqualTo(QUANTIZE);
  }

  @Test
  void patternsOverrule() {
    LinearWeights rule =
        new LinearWeights(Pattern.compile("patch|gate"), Pattern.compile("layers\\.0\\."));
    TensorInfo patch = matrix("vision.patch.weight", SafetensorsDType.F32, 8L, 8L);
    assertThat(rule.decide(patch)).isEqualTo(QUANTIZE);
    assertThat(rule.decide(matrix("x.layers.0.q_proj.weight", SafetensorsDType.F32, 8L, 8L)))
        .isEqualTo(KEEP_EXCLUDED);
    assertThat(decide("mlp.gate.weight")).isEqualTo(KEEP_NAMED);
    assertThat(decide("vision.patch.weight")).isEqualTo(KEEP_UNKNOWN);
    assertThat(rule.decide(matrix("mlp.gate.weight", SafetensorsDType.F32, 8L, 8L)))
        .isEqualTo(QUANTIZE);
  }
}
