package org.foretoken.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PrecisionPlanTest {
  private static final long SEVENTY_BILLION = 70_000_000_000L;

  @Test
  void seventyBillionParametersTakeWhatTheyTake() {
    MemoryProfile profile = MemoryProfile.ofParameters("70B", SEVENTY_BILLION);
    assertThat(MemoryBill.of(PrecisionPlan.FP32, profile, 0, 0).inferenceBytes())
        .isEqualTo(280_000_000_000L);
    assertThat(MemoryBill.of(PrecisionPlan.BF16, profile, 0, 0).inferenceBytes())
        .isEqualTo(140_000_000_000L);
    // One byte a parameter and four for each block of 128 x 128.
    assertThat(MemoryBill.of(PrecisionPlan.DEEPSEEK, profile, 0, 0).inferenceBytes())
        .isEqualTo(SEVENTY_BILLION + (long) Math.ceil(SEVENTY_BILLION / 4096.0));
  }

  @Test
  void deepSeeksMixTakesTwelveBytesAParameterAgainstSixteen() {
    assertThat(PrecisionPlan.DEEPSEEK.stateBytesPerParameter()).isEqualTo(12);
    assertThat(PrecisionPlan.FP32.stateBytesPerParameter()).isEqualTo(16);
    MemoryProfile profile = MemoryProfile.ofParameters("m", 1000);
    assertThat(MemoryBill.of(PrecisionPlan.DEEPSEEK, profile, 0, 0).optimizerBytes())
        .isEqualTo(12_000);
    MemoryBill fp32 = MemoryBill.of(PrecisionPlan.FP32, profile, 0, 0);
    assertThat(fp32.optimizerBytes()).isEqualTo(16_000);
    // FP32 trains on the master weights themselves, so nothing is counted twice.
    assertThat(fp32.trainingBytes()).isEqualTo(16_000);
    assertThat(fp32.bytes(MemoryBill.Item.MASTER_WEIGHTS)).isZero();
    MemoryBill bf16 = MemoryBill.of(PrecisionPlan.BF16, profile, 0, 0);
    assertThat(bf16.trainingBytes()).isEqualTo(14_000);
  }

  @Test
  void theBillFollowsTheTable() {
    Map<Operation, Long> parameters = new EnumMap<>(Operation.class);
    parameters.put(Operation.EMBEDDING, 1000L);
    parameters.put(Operation.NORM, 100L);
    parameters.put(Operation.FEED_FORWARD_OUTPUT, 16384L);
    Map<Operation, Long> inputs = new EnumMap<>(Operation.class);
    inputs.put(Operation.ATTENTION_INPUT, 128L);
    inputs.put(Operation.ATTENTION_OUTPUT, 256L);
    inputs.put(Operation.SWIGLU, 64L);
    inputs.put(Operation.FEED_FORWARD_OUTPUT, 512L);
    MemoryProfile profile = new MemoryProfile("m", parameters, inputs, 576);
    MemoryBill bill = MemoryBill.of(PrecisionPlan.DEEPSEEK, profile, 10, 100);
    assertThat(bill.model()).isEqualTo("m");
    assertThat(bill.plan()).isEqualTo("deepseek");
    assertThat(bill.bytes(MemoryBill.Item.WEIGHTS)).isEqualTo(2 * 1000 + 4 * 100 + 16384 + 4);
    assertThat(bill.bytes(MemoryBill.Item.MASTER_WEIGHTS)).isEqualTo(4 * 1000 + 4 * 16384);
    assertThat(bill.bytes(MemoryBill.Item.GRADIENTS)).isEqualTo(4 * 17484);
    assertThat(bill.bytes(MemoryBill.Item.FIRST_MOMENT)).isEqualTo(2 * 17484);
    assertThat(bill.bytes(MemoryBill.Item.SECOND_MOMENT)).isEqualTo(2 * 17484);
    assertThat(bill.bytes(MemoryBill.Item.KV_CACHE)).isEqualTo(2 * 576 * 100);
    // 1x128 E4M3 with a 32-bit scale: 8.25 bits. E5M6: 12.25 bits. The SwiGLU output is recomputed.
    assertThat(bill.bytes(MemoryBill.Item.ACTIVATIONS)).isEqualTo(1320 + 3920 + 660);
    assertThat(bill.lines())
        .filteredOn(line -> line.item() == MemoryBill.Item.ACTIVATIONS)
        .extracting(MemoryBill.Line::storage)
        .containsExactly("E4M3 (128x1)", "E5M6 (1x128)", "E4M3 (1x128)");
    assertThat(bill.inferenceBytes())
        .isEqualTo(bill.bytes(MemoryBill.Item.WEIGHTS) + bill.bytes(MemoryBill.Item.KV_CACHE));
    assertThat(bill.trainingBytes())
        .isEqualTo(
            bill.lines().stream().mapToLong(MemoryBill.Line::bytes).sum()
                - bill.bytes(MemoryBill.Item.KV_CACHE));
    assertThat(bill.optimizerBytes()).isEqualTo(12 * 17484);
  }

  @Test
  void deepSeeksTableIsThatOfTheReport() {
    PrecisionPlan plan = PrecisionPlan.DEEPSEEK;
    OperationPlan projection = plan.of(Operation.ATTENTION_INPUT);
    assertThat(projection.input()).hasToString("E4M3 (1x128)");
    assertThat(projection.weight()).hasToString("E4M3 (128x128)");
    assertThat(projection.output()).hasToString("BF16");
    assertThat(projection.gradient()).hasToString("E4M3 (1x128)");
    assertThat(projection.dgradWeight()).hasToString("E4M3 (128x128)");
    assertThat(projection.inputGradient()).hasToString("BF16");
    assertThat(projection.wgradGradient()).hasToString("E4M3 (128x1)");
    assertThat(projection.wgradInput()).hasToString("E4M3 (128x1)");
    assertThat(projection.weightGradient()).hasToString("FP32");
    assertThat(projection.cache()).hasToString("E4M3 (128x1)");
    assertThat(plan.of(Operation.ATTENTION_OUTPUT).cache().recipe())
        .isEqualTo(QuantizationRecipes.E5M6_CACHE);
    assertThat(plan.of(Operation.FEED_FORWARD_OUTPUT).recomputesInput()).isTrue();
    assertThat(plan.of(Operation.SWIGLU).cache()).hasToString("E4M3 (1x128)");
    assertThat(plan.of(Operation.FEED_FORWARD_INPUT).recomputesInput()).isFalse();
    for (Operation operation : Operation.values()) {
      boolean fp8 = plan.of(operation).input().recipe() != null;
      assertThat(fp8).as("%s", operation).isEqualTo(operation.isLinear());
    }
    assertThat(plan.of(Operation.ROUTER).input()).hasToString("FP32");
    assertThat(plan.of(Operation.MTP_PROJECTION).weight()).hasToString("BF16");
    assertThat(plan.of(Operation.NORM).weight()).hasToString("FP32");
    assertThat(plan.of(Operation.EMBEDDING).weight()).hasToString("BF16");
    assertThat(plan.of(Operation.OUTPUT_HEAD).weight()).hasToString("BF16");
    assertThat(plan.of(Operation.ATTENTION).input()).hasToString("BF16");
    assertThat(plan.of(Operation.ATTENTION).weight()).isNull();
    assertThat(plan.masterWeights()).isEqualTo(Formats.FP32);
    assertThat(plan.recipe()).isEqualTo(TrainingRecipe.DEEPSEEK);
  }

  @Test
  void thePresetsDifferWhereTheyShould() {
    assertThat(PrecisionPlan.HYBRID.of(Operation.FEED_FORWARD_INPUT).gradient())
        .hasToString("E5M2 (1x128)");
    assertThat(PrecisionPlan.TENSORWISE.of(Operation.FEED_FORWARD_INPUT).weight())
        .hasToString("E4M3 (tensor)");
    assertThat(PrecisionPlan.MXFP8.of(Operation.FEED_FORWARD_INPUT).dgradWeight())
        .hasToString("E4M3 (32x1)");
    assertThat(PrecisionPlan.FP32.of(Operation.SWIGLU).cache()).hasToString("FP32");
    assertThat(PrecisionPlan.BF16.of(Operation.FEED_FORWARD_OUTPUT).recomputesInput()).isFalse();
    assertThat(PrecisionPlan.BF16.recipe()).isNull();
    for (PrecisionPlan plan : PrecisionPlan.ALL) {
      assertThat(PrecisionPlan.byName(plan.name(), "p")).isSameAs(plan);
      assertThat(plan.operations()).hasSize(Operation.values().length);
    }
    assertThatThrownBy(() -> PrecisionPlan.byName("fp4", "memory.plans[1]"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "memory.plans[1]: expected one of fp32, bf16, deepseek, hybrid, tensorwise, mxfp8,"
                + " found 'fp4'");
  }

  @Test
  void storageCountsScales() {
    assertThat(Storage.plain(Formats.BF16).bitsPerElement()).isEqualTo(16);
    assertThat(Storage.quantized(QuantizationRecipes.TILE_1X128).bitsPerElement()).isEqualTo(8.25);
    assertThat(Storage.quantized(QuantizationRecipes.MXFP8).bitsPerElement()).isEqualTo(8.25);
    assertThat(Storage.quantized(QuantizationRecipes.NVFP4).bitsPerElement()).isEqualTo(4.5);
    assertThat(Storage.quantized(QuantizationRecipes.ROW).bitsPerElement()).isEqualTo(8);
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> new MemoryProfile("m", Map.of(Operation.SWIGLU, 1L), Map.of(), 0))
        .isInstanceOf(InputException.class)
        .hasMessage("m: SWIGLU has no parameters");
    assertThatThrownBy(() -> new MemoryProfile("m", Map.of(Operation.NORM, -1L), Map.of(), 0))
        .hasMessage("m: parameters of NORM: expected at least 0, found -1");
    assertThatThrownBy(() -> new MemoryProfile("m", Map.of(), Map.of(), -1))
        .hasMessageContaining("kvPerToken >= 0, found -1");
    Storage fp32 = Storage.plain(Formats.FP32);
    assertThatThrownBy(
            () ->
                new OperationPlan(
                    Operation.NORM, fp32, null, fp32, fp32, null, fp32, null, null, null, null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                new OperationPlan(
                    Operation.SWIGLU, fp32, fp32, fp32, fp32, null, fp32, null, null, null, null))
        .isInstanceOf(IllegalArgumentException.class);
    PrecisionPlan fp = PrecisionPlan.FP32;
    assertThatThrownBy(
            () ->
                new PrecisionPlan(
                    "p",
                    Map.of(),
                    fp.masterWeights(),
                    fp.gradients(),
                    fp.firstMoment(),
                    fp.secondMoment(),
                    fp.kvCache(),
                    null))
        .hasMessageContaining("every operation");
  }
}
