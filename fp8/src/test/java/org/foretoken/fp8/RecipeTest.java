package org.foretoken.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecipeTest {
  @Test
  void everyPresetSurvivesItsMap() {
    for (QuantizationRecipe recipe : QuantizationRecipes.ALL) {
      assertThat(RecipeReader.quantization(recipe.toMap(), "recipe")).isEqualTo(recipe);
      assertThat(RecipeReader.quantization(recipe.name(), "recipe")).isSameAs(recipe);
    }
    for (TrainingRecipe recipe : TrainingRecipe.ALL) {
      assertThat(RecipeReader.training(recipe.toMap(), "recipe")).isEqualTo(recipe);
      assertThat(RecipeReader.training(recipe.name(), "recipe")).isSameAs(recipe);
    }
  }

  @Test
  void aMapChangesAPreset() {
    QuantizationRecipe recipe =
        RecipeReader.quantization(
            Map.of(
                "preset", "128x128",
                "element", "e5m2",
                "scaleRule", "power-of-two",
                "rounding", "stochastic",
                "granularity", "64x32"),
            "recipe");
    assertThat(recipe)
        .isEqualTo(
            new QuantizationRecipe(
                "128x128",
                Formats.E5M2,
                new Granularity(64, 32),
                ScaleRule.POWER_OF_TWO,
                Formats.FP32,
                false,
                Scaling.ONLINE,
                Rounding.STOCHASTIC));
    QuantizationRecipe delayed =
        RecipeReader.quantization(
            Map.of(
                "preset",
                "tensor",
                "scaling",
                Map.of("delayed", Map.of("history", 4, "margin", 2))),
            "recipe");
    assertThat(delayed.scaling()).isEqualTo(new Scaling.Delayed(4, 2));
    assertThat(
            RecipeReader.quantization(
                    Map.of("preset", "tensor", "scaling", Map.of("delayed", Map.of())), "recipe")
                .scaling())
        .isEqualTo(new Scaling.Delayed(16, 0));
    assertThat(RecipeReader.quantization(Map.of("preset", "tensor", "scaling", "online"), "recipe"))
        .isEqualTo(QuantizationRecipes.TENSOR);
    TrainingRecipe training =
        RecipeReader.training(
            Map.of(
                "preset", "tensorwise",
                "name", "mine",
                "dgradGradient", Map.of("element", "E5M2"),
                "wgradGradient", "mxfp8"),
            "recipe");
    assertThat(training.name()).isEqualTo("mine");
    assertThat(training.fpropWeight()).isEqualTo(QuantizationRecipes.TENSOR);
    assertThat(training.dgradGradient())
        .isEqualTo(QuantizationRecipes.TENSOR.withElement(Formats.E5M2));
    assertThat(training.wgradGradient()).isEqualTo(QuantizationRecipes.MXFP8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "granularity | 12y8 | r.granularity: expected tensor, row, column or ROWSxCOLUMNS",
        "granularity | 0x8 | r.granularity: expected",
        "element | E9M9 | r.element: format: expected one of FP32",
        "element | BF16 | r: element: expected E4M3",
        "element | E8M0 | r: element: expected E4M3",
        "scaleRule | huge | r.scaleRule: expected one of [amax, power_of_two, ocp_floor]",
        "scaleFormat | E8M0 | r: scaleRule: expected power_of_two or ocp_floor",
        "scaleFormat | E4M3 | r: scaleFormat: expected E4M3 with tensorScale true",
        "scaleFormat | FP16 | r: scaleFormat: expected FP32, E8M0 or E4M3, found FP16",
        "scaling | sometimes | r.scaling: expected online or {delayed",
        "tensorScale | maybe | r.tensorScale: expected true or false, found 'maybe'",
        "preset | nothing | r.preset: expected one of tensor, tensor-delayed",
        "colour | blue | r.colour: expected one of [element, granularity"
      })
  void saysWhereARecipeIsWrong(String key, String value, String message) {
    assertThatThrownBy(() -> RecipeReader.quantization(Map.of(key, value), "r"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void saysWhereANestedValueIsWrong() {
    Map<String, Object> delayed = new HashMap<>();
    delayed.put("preset", "tensor");
    delayed.put("scaling", Map.of("delayed", Map.of("history", "long")));
    assertThatThrownBy(() -> RecipeReader.training(Map.of("fpropWeight", delayed), "recipe"))
        .hasMessage(
            "recipe.fpropWeight.scaling.delayed.history: expected an integer, found 'long'");
    delayed.put("scaling", Map.of("delayed", Map.of("history", 0)));
    assertThatThrownBy(() -> RecipeReader.quantization(delayed, "recipe"))
        .hasMessageStartingWith("recipe.scaling: scaling.delayed: expected history >= 1");
    delayed.put("scaling", Map.of("delayed", Map.of("margin", -1)));
    assertThatThrownBy(() -> RecipeReader.quantization(delayed, "recipe"))
        .hasMessageContaining("margin -1");
    delayed.put("scaling", Map.of("delayed", Map.of("horizon", 3)));
    assertThatThrownBy(() -> RecipeReader.quantization(delayed, "recipe"))
        .hasMessageStartingWith(
            "recipe.scaling.delayed.horizon: expected one of [history, margin]");
    delayed.put("scaling", Map.of("delayed", Map.of("history", 2)));
    delayed.put("preset", "row");
    assertThatThrownBy(() -> RecipeReader.quantization(delayed, "recipe"))
        .hasMessageStartingWith("recipe: scaling: expected delayed with granularity tensor only");
    assertThatThrownBy(() -> RecipeReader.training("fast", "recipe"))
        .hasMessageStartingWith("recipe: expected one of deepseek, hybrid");
    assertThatThrownBy(() -> RecipeReader.training(Map.of("preset", 3), "recipe"))
        .hasMessage("recipe.preset: expected a name, found '3'");
    assertThatThrownBy(() -> RecipeReader.training(7, "recipe"))
        .hasMessage("recipe: expected a preset's name or a map, found '7'");
    assertThatThrownBy(() -> RecipeReader.quantization(Map.of("odd", 1), ""))
        .hasMessageStartingWith("odd: expected");
    assertThatThrownBy(
            () ->
                RecipeReader.quantization(Map.of("preset", "mxfp8", "tensorScale", true), "recipe"))
        .hasMessageContaining("tensorScale: expected false with E8M0");
    assertThatThrownBy(
            () -> RecipeReader.quantization(Map.of("preset", "row", "tensorScale", true), "r"))
        .hasMessageContaining("tensorScale: expected false with FP32");
  }

  @Test
  void granularityCountsGroups() {
    Granularity tile = Granularity.TILE_1X128;
    assertThat(tile.scaleRows(5)).isEqualTo(5);
    assertThat(tile.scaleColumns(129)).isEqualTo(2);
    assertThat(tile.scaleRow(4)).isEqualTo(4);
    assertThat(tile.scaleColumn(127)).isZero();
    assertThat(tile.scaleColumn(128)).isEqualTo(1);
    assertThat(tile.transposed()).isEqualTo(Granularity.TILE_128X1);
    assertThat(Granularity.TENSOR.scaleRows(9) * Granularity.TENSOR.scaleColumns(9)).isEqualTo(1);
    assertThat(Granularity.TENSOR.scaleRows(0)).isZero();
    assertThat(Granularity.TENSOR.scaleColumns(0)).isZero();
    assertThat(Granularity.ROW.scaleColumn(1000)).isZero();
    assertThat(Granularity.ROW.transposed()).isEqualTo(Granularity.COLUMN);
    for (String text : new String[] {"tensor", "row", "column", "1x128", "128x128", "1x32"}) {
      assertThat(Granularity.parse(text, "g")).hasToString(text);
    }
    assertThatThrownBy(() -> new Granularity(-1, 2)).hasMessageContaining("-1x2");
    assertThatThrownBy(() -> new Granularity(1, -2)).hasMessageContaining("1x-2");
  }

  @Test
  void countsBits() {
    assertThat(QuantizationRecipes.BLOCK_128X128.bits(129, 257)).isEqualTo(129L * 257 * 8 + 6 * 32);
    assertThat(QuantizationRecipes.MXFP8.bits(2, 33)).isEqualTo(2 * 33 * 8 + 4 * 8);
    assertThat(QuantizationRecipes.NVFP4.bits(1, 16)).isEqualTo(16 * 4 + 8 + 32);
    assertThat(QuantizationRecipes.E5M6_CACHE.bits(1, 128)).isEqualTo(128 * 12 + 32);
  }

  @Test
  void wgradOperandsAreTiledAlongTheTokens() {
    TrainingRecipe deepseek = TrainingRecipe.DEEPSEEK;
    assertThat(deepseek.wgradActivation().granularity()).isEqualTo(Granularity.TILE_128X1);
    assertThat(deepseek.wgradGradient().granularity()).isEqualTo(Granularity.TILE_128X1);
    assertThat(deepseek.dgradGradient().element()).isEqualTo(Formats.E4M3);
    assertThat(TrainingRecipe.HYBRID.dgradGradient().element()).isEqualTo(Formats.E5M2);
    assertThat(TrainingRecipe.HYBRID.wgradGradient().element()).isEqualTo(Formats.E5M2);
    assertThat(TrainingRecipe.HYBRID.wgradActivation().element()).isEqualTo(Formats.E4M3);
    assertThat(TrainingRecipe.MXFP8.dgradWeight().granularity()).isEqualTo(Granularity.MX_32X1);
    assertThat(TrainingRecipe.ROWWISE.wgradGradient().granularity()).isEqualTo(Granularity.COLUMN);
    assertThat(TrainingRecipe.BLOCK_GRADIENTS.dgradGradient().granularity())
        .isEqualTo(Granularity.BLOCK_128X128);
  }
}
