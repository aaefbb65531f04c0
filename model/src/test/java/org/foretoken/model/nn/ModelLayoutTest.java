package org.foretoken.model.nn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.graph.Shape;
import org.foretoken.model.TestModels;
import org.junit.jupiter.api.Test;

class ModelLayoutTest {
  private static List<String> files(ModelLayout layout) {
    return layout
        .tensors()
        .flatMap(p -> p.files().stream())
        .map(f -> f.name() + f.shape())
        .toList();
  }

  @Test
  void expertsHaveTheNamesAndShapesOfDeepSeeksFiles() {
    List<String> files = files(ModelLayout.of(TestModels.experts(1, true)));
    assertThat(files)
        .contains(
            "model.layers.0.mlp.gate_proj.weight[40,24]",
            "model.layers.1.mlp.gate.weight[8,24]",
            "model.layers.1.mlp.gate.e_score_correction_bias[8]",
            "model.layers.1.mlp.experts.0.gate_proj.weight[13,24]",
            "model.layers.1.mlp.experts.7.up_proj.weight[13,24]",
            "model.layers.1.mlp.experts.7.down_proj.weight[24,13]",
            "model.layers.1.mlp.shared_experts.down_proj.weight[24,13]",
            "model.layers.2.mlp.experts.3.down_proj.weight[24,13]",
            "model.layers.2.eh_proj.weight[24,48]")
        .doesNotHaveDuplicates()
        .noneMatch(name -> name.startsWith("model.layers.0.mlp.experts"))
        .noneMatch(name -> name.contains(".experts.gate_proj"));
  }

  @Test
  void theFilesOfAStackCoverIt() {
    ParameterSpec stack =
        ModelLayout.of(TestModels.experts(0, true))
            .get("model.layers.1.mlp.experts.up_proj.weight");
    assertThat(stack.shape()).isEqualTo(Shape.of(8, 13, 24));
    List<ParameterSpec.FileTensor> files = stack.files();
    long next = 0;
    for (ParameterSpec.FileTensor file : files) {
      assertThat(file.offset()).isEqualTo(next);
      next += file.shape().elements();
    }
    assertThat(next).isEqualTo(stack.elements());
    assertThat(files).hasSize(8);
  }

  @Test
  void theBalancingBiasIsNoParameter() {
    ModelLayout layout = ModelLayout.of(TestModels.experts(1, true));
    String bias = "model.layers.1.mlp." + ParameterNames.ROUTER_BIAS;
    assertThat(layout.parameters()).noneMatch(p -> p.name().equals(bias));
    assertThat(layout.buffers()).hasSize(2).allMatch(p -> !p.trained() && !p.decay());
    assertThat(layout.get(bias).role()).isEqualTo(Role.STATE);
    assertThat(ModelLayout.of(TestModels.small(1, true)).buffers()).isEmpty();
  }

  @Test
  void theTrunkDoesNotDependOnTheModules() {
    List<String> trunk = files(ModelLayout.of(TestModels.experts(0, false)));
    assertThat(files(ModelLayout.of(TestModels.experts(2, false)))).containsAll(trunk);
  }
}
