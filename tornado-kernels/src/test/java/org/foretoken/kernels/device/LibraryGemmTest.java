package org.foretoken.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collection;
import java.util.EnumSet;
import java.util.stream.Stream;
import org.foretoken.kernels.cuda.EmulatedTensorCores;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.reference.OperationCase;
import org.foretoken.kernels.reference.OperationCases;
import org.foretoken.kernels.reference.OperationParity;
import org.foretoken.kernels.reference.ReferenceBackend;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products as library tasks: what the library is handed gives the reference's result. */
class LibraryGemmTest {
  @BeforeEach
  void forgetCalls() {
    EmulatedTensorCores.CALLS.clear();
  }

  static Collection<OperationCase> cases() {
    // The second has scales in rows of 5, which cuBLASLt wants padded to 8, and ragged blocks.
    return Stream.of(OperationCases.products(64, 32, 32), OperationCases.products(20, 144, 528))
        .flatMap(Collection::stream)
        .toList();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void cublasLtAgreesWithTheReference(OperationCase c) {
    agrees(c, GemmRoad.CUBLASLT);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void wgmmaAgreesWithTheReference(OperationCase c) {
    agrees(c, GemmRoad.PTX);
  }

  private static void agrees(OperationCase c, GemmRoad road) {
    GemmRoads roads = roads(road, GemmTable.EMPTY);
    try (DeviceBackend device = new DeviceBackend(DeviceKind.EMULATOR, true, roads, 1);
        ReferenceBackend reference = new ReferenceBackend()) {
      assertThat(OperationParity.run(c, device, reference))
          .allSatisfy(r -> assertThat(r.passed()).as(r.toString()).isTrue());
      if (c.node().op() instanceof Fp8MatMul op && e4m3(c)) {
        String function =
            road == GemmRoad.CUBLASLT
                ? op.layout() == Layout.TN ? "cublasLtFp8TileTile" : "cublasLtFp8TileBlock"
                : op.layout() == Layout.TN ? "wgmmaFp8Tiles" : "wgmmaFp8";
        assertThat(EmulatedTensorCores.CALLS).containsOnly(function);
        assertThat(device.description()).contains("by " + road.optionName());
      }
    }
  }

  private static boolean e4m3(OperationCase c) {
    return c.node().reads().stream().noneMatch(t -> t.dtype().name().equals("E5M2"));
  }

  private static GemmRoads roads(GemmRoad asked, GemmTable table) {
    return new GemmRoads(asked, EnumSet.of(GemmRoad.JIT, GemmRoad.CUBLASLT, GemmRoad.PTX), table);
  }

  @Test
  void extentsThatARoadCannotTakeAreSaid() {
    GemmRoads roads = roads(GemmRoad.CUBLASLT, GemmTable.EMPTY);
    assertThat(roads.choose(new GemmShape(GemmShape.Kind.FP8_NT, 64, 250, 512)))
        .isEqualTo(GemmRoad.JIT);
    assertThat(roads.choose(new GemmShape(GemmShape.Kind.FP8_NT, 64, 256, 512)))
        .isEqualTo(GemmRoad.CUBLASLT);
    assertThat(roads.summary())
        .isEqualTo(
            "shapes of products: 1 by jit, 1 by cublaslt;"
                + " FP8_NT 64 x 250 x 512 by jit (n = 250: expected a multiple of 16)");
  }

  @Test
  void theEmulatorItselfHasNoLibrary() {
    assertThatThrownBy(() -> GemmRoads.detect(GemmRoad.CUBLASLT, false, "emulator"))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "--gemm cublaslt: not on this machine: TornadoVM's CUDA backend is needed;"
                + " use --gemm jit or auto");
    assertThat(
            GemmRoads.detect(GemmRoad.AUTO, false, "emulator")
                .choose(new GemmShape(GemmShape.Kind.FP8_NT, 64, 256, 512)))
        .isEqualTo(GemmRoad.JIT);
  }
}
