package org.foretoken.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.reference.OperationCase;
import org.foretoken.kernels.reference.OperationCases;
import org.foretoken.kernels.reference.OperationParity;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tensor-core products on the emulator's fragments against the reference. */
class TensorCoreParityTest {
  static Collection<OperationCase> cases() {
    return Stream.of(
            OperationCases.products(64, 32, 32),
            OperationCases.products(128, 96, 160),
            OperationCases.products(256, 128, 384),
            OperationCases.products(256, 256, 256))
        .flatMap(Collection::stream)
        .toList();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void agreesWithTheReference(OperationCase c) {
    try (DeviceBackend device = new DeviceBackend(true);
        ReferenceBackend reference = new ReferenceBackend()) {
      assertThat(kernels(c, true))
          .allMatch(k -> k.contains("Mma") || k.matches("packBf16|addElements"));
      assertThat(OperationParity.run(c, device, reference))
          .allSatisfy(r -> assertThat(r.passed()).as(r.toString()).isTrue());
    }
  }

  @Test
  void multiplesOfTheLargeTilesTakeThem() {
    for (OperationCase c : OperationCases.products(256, 128, 384)) {
      if (c.node().op() instanceof MatMul) {
        assertThat(kernels(c, true)).anyMatch(k -> k.startsWith("gemmMmaBlock"));
      }
      if (c.node().op() instanceof Fp8MatMul) {
        assertThat(kernels(c, true)).containsExactly("fp8GemmMmaBlock");
      }
    }
  }

  @Test
  void multiplesOfTheSmallTilesAloneTakeThose() {
    for (int[] extents : new int[][] {{192, 128, 384}, {256, 96, 384}, {256, 128, 352}}) {
      for (OperationCase c : OperationCases.products(extents[0], extents[1], extents[2])) {
        if (c.node().op() instanceof Fp8MatMul) {
          assertThat(kernels(c, true)).allMatch(k -> k.matches("fp8GemmMma(Fprop|Dgrad|Wgrad)"));
        }
      }
    }
  }

  @Test
  void extentsThatAreNoMultiplesOfATileTakeThePortableKernels() {
    for (OperationCase c : OperationCases.products(64, 33, 32)) {
      assertThat(kernels(c, true)).noneMatch(k -> k.contains("Mma"));
    }
    for (OperationCase c : OperationCases.products(64, 32, 32)) {
      assertThat(kernels(c, false)).noneMatch(k -> k.contains("Mma"));
    }
  }

  @Test
  void theDescriptionSaysWhichKernelAProductTakes() {
    try (DeviceBackend device = new DeviceBackend(true)) {
      String before = device.description();
      for (int k : new int[] {384, 352, 33}) {
        for (OperationCase c : OperationCases.products(256, 128, k)) {
          if (c.node().op() instanceof Fp8MatMul op && op.layout() == Layout.TN) {
            device.compile(c.graph());
          }
        }
      }
      assertThat(device.description())
          .isEqualTo(
              before
                  + "; products by jit: 1 in tiles of 128 x 128, 1 in tiles of 64 x 32"
                  + " (FP8_TN 256 x 128 x 352), 1 without tensor cores (FP8_TN 256 x 128 x 33)");
    }
  }

  private static List<String> kernels(OperationCase c, boolean tensorCores) {
    NodeFusion fusion = NodeFusion.of(c.graph(), GemmRoads.jit());
    TaskList tasks =
        TaskList.measuring(SlotPlan.of(c.graph(), fusion), fusion, tensorCores, GemmRoads.jit());
    DeviceDispatch.emit(c.node(), tasks);
    return tasks.tasks().stream().map(DeviceTask::kernel).toList();
  }
}
