package org.foretoken.kernels.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import org.foretoken.fp8.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The measured table that {@code auto} goes by. */
class GemmTableTest {
  @TempDir private Path folder;

  private Path table(String... lines) throws IOException {
    return Files.write(folder.resolve("roads.properties"), java.util.List.of(lines));
  }

  @Test
  void autoTakesTheRoadOfTheNearestMeasuredProduct() throws IOException {
    GemmTable table =
        GemmTable.read(
            table(
                "# measured",
                "fp8_nt.4096x24576x7168 = ptx",
                "fp8_nt.64x2112x7168 = jit",
                "fp8_tn.4096x4096x4096 = cublaslt"));
    GemmRoads roads =
        new GemmRoads(
            GemmRoad.AUTO, EnumSet.of(GemmRoad.JIT, GemmRoad.CUBLASLT, GemmRoad.PTX), table);
    assertThat(roads.choose(shape(GemmShape.Kind.FP8_NT, 2048))).isEqualTo(GemmRoad.PTX);
    assertThat(roads.choose(shape(GemmShape.Kind.FP8_NT, 128))).isEqualTo(GemmRoad.JIT);
    assertThat(roads.choose(shape(GemmShape.Kind.FP8_TN, 128))).isEqualTo(GemmRoad.CUBLASLT);
    // Nothing measured: our own kernel for FP8, the library for BF16.
    assertThat(roads.choose(shape(GemmShape.Kind.FP8_NN, 128))).isEqualTo(GemmRoad.PTX);
    assertThat(roads.choose(shape(GemmShape.Kind.BF16, 128))).isEqualTo(GemmRoad.CUBLASLT);
  }

  @Test
  void whatCublasLtHasNoAlgorithmForGoesAnotherWayAndIsSaid() {
    EnumSet<GemmRoad> all = EnumSet.of(GemmRoad.JIT, GemmRoad.CUBLASLT, GemmRoad.PTX);
    GemmShape small = shape(GemmShape.Kind.FP8_NT, 64);
    GemmRoads asked =
        new GemmRoads(GemmRoad.CUBLASLT, all, GemmTable.EMPTY, product -> !product.equals(small));
    assertThat(asked.choose(small)).isEqualTo(GemmRoad.JIT);
    assertThat(asked.choose(shape(GemmShape.Kind.FP8_NT, 128))).isEqualTo(GemmRoad.CUBLASLT);
    assertThat(asked.summary())
        .contains("by jit (cuBLASLt has no algorithm for it)")
        .contains("1 by cublaslt");
  }

  @Test
  void whatIsWrittenIsReadBackAndSaid() throws IOException {
    Path file = folder.resolve("gemm").resolve("device.properties");
    GemmShape product = shape(GemmShape.Kind.FP8_NN, 64);
    GemmTable.write(file, "measured", Map.of(product, GemmRoad.PTX));
    assertThat(file).hasContent("# measured\nfp8_nn.64x7168x7168 = ptx\n");
    GemmTable table = GemmTable.read(file);
    assertThat(table.entries()).containsExactly(Map.entry(product, GemmRoad.PTX));
    GemmRoads roads = new GemmRoads(GemmRoad.AUTO, EnumSet.of(GemmRoad.JIT, GemmRoad.PTX), table);
    assertThat(roads.choose(product)).isEqualTo(GemmRoad.PTX);
    assertThat(roads.summary()).isEqualTo("shapes of products: 1 by ptx, measured in " + file);
  }

  @Test
  void aDeviceHasOneTableWhateverItSaysOfItsProducts() {
    Path file = GemmTable.fileOf("gpu: TornadoVM, CUDA, NVIDIA H200");
    assertThat(file.toString()).endsWith("configs/gemm/gpu-tornadovm-cuda-nvidia-h200.properties");
    assertThat(GemmTable.fileOf("gpu: TornadoVM, CUDA, NVIDIA H200; shapes of products: 1 by jit"))
        .isEqualTo(file);
  }

  private static GemmShape shape(GemmShape.Kind kind, int m) {
    return new GemmShape(kind, m, 7168, 7168);
  }

  @Test
  void aLineThatIsNoEntryIsRefused() throws IOException {
    Path file = table("fp8_nt.4096x24576 = ptx");
    assertThatThrownBy(() -> GemmTable.read(file))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("expected a product such as")
        .hasMessageContaining("'fp8_nt.4096x24576'");
    Path other = table("bf16.64x64x64 = auto");
    assertThatThrownBy(() -> GemmTable.read(other))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("expected jit, cublaslt or ptx, found 'auto'");
  }
}
