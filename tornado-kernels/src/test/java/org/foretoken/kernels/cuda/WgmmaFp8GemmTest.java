package org.foretoken.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The kernel in PTX: what can be known of it without a Hopper GPU. */
class WgmmaFp8GemmTest {
  @TempDir private Path folder;

  static List<WgmmaFp8Gemm> kernels() {
    List<WgmmaFp8Gemm> kernels = new ArrayList<>();
    for (WgmmaScales scales : WgmmaScales.values()) {
      for (WgmmaOverlap overlap : WgmmaOverlap.values()) {
        for (int cluster = 1; cluster <= 2 && overlap.fits(scales); cluster++) {
          kernels.add(new WgmmaFp8Gemm(scales, cluster, overlap));
        }
      }
    }
    return kernels;
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void fourStepsOf32MakeABlockOf128AndTheFirstOneStartsAnew(WgmmaFp8Gemm kernel) {
    Matcher steps =
        Pattern.compile("setp.ne.u32 %first, (\\d), 0;\\s+wgmma\\.mma_async[^\\n]*m64n128k32")
            .matcher(kernel.ptx());
    StringBuilder order = new StringBuilder();
    while (steps.find()) {
      order.append(steps.group(1));
    }
    assertThat(order.toString()).matches("(0123)+");
  }

  /**
   * PTX ISA, "Matrix Descriptor Format": strides in units of 16 bytes, swizzle in bits 62 to 63.
   */
  @Test
  void descriptorsSayGroupsOf1024BytesSwizzledOver128() {
    long constant = WgmmaConsumer.descriptorConstant();
    assertThat(constant >>> 32 & 0x3FFF).isEqualTo(1024 / 16);
    assertThat(constant >>> 62).isEqualTo(1);
    assertThat(constant & 0x3FFF).as("address").isZero();
    assertThat(constant >>> 49 & 7).as("base offset").isZero();
  }

  @Test
  void sharedMemoryIsWhatAHopperGroupCanHave() {
    assertThat(WgmmaFp8Gemm.SHARED_BYTES).isLessThanOrEqualTo(227 * 1024);
  }

  /** c's element (i, j) gets the scale of its own column: register 4p + q is of column pair p. */
  @Test
  void everySumTakesTheScaleOfItsColumn() {
    Matcher products =
        Pattern.compile(
                "mul.rn.f32 %x, %([ab])([08]), %\\1b(\\d+);\\s+fma.rn.f32 %sum(\\d+), %d(\\d+), %x")
            .matcher(WgmmaFp8Gemm.of(WgmmaScales.TILES).ptx());
    int found = 0;
    while (products.find()) {
      int register = Integer.parseInt(products.group(4));
      assertThat(products.group(5)).isEqualTo(products.group(4));
      assertThat(products.group(2)).isEqualTo(register % 4 < 2 ? "0" : "8");
      assertThat(products.group(3)).isEqualTo("" + (register / 4 * 2 + register % 2));
      found++;
    }
    assertThat(found).isEqualTo(64);
  }

  /** Both work groups of a cluster take part to the end, in a tile below the matrix too. */
  @Test
  void aClusterHasTilesForAllItsWorkGroups() {
    assertThat(new WgmmaFp8Gemm(WgmmaScales.BLOCKS, 2, WgmmaOverlap.NONE).tilesDown(1153))
        .isEqualTo(10);
    assertThat(new WgmmaFp8Gemm(WgmmaScales.BLOCKS, 1, WgmmaOverlap.NONE).tilesDown(1153))
        .isEqualTo(10);
    assertThat(new WgmmaFp8Gemm(WgmmaScales.BLOCKS, 2, WgmmaOverlap.NONE).tilesDown(1152))
        .isEqualTo(10);
    assertThat(new WgmmaFp8Gemm(WgmmaScales.BLOCKS, 1, WgmmaOverlap.NONE).tilesDown(1152))
        .isEqualTo(9);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void ptxasAssemblesItWithoutSpills(WgmmaFp8Gemm kernel) throws IOException, InterruptedException {
    assumeTrue(onPath("ptxas"), "no ptxas on the PATH");
    Path ptx = Files.writeString(folder.resolve("wgmma.ptx"), kernel.ptx());
    Process ptxas =
        new ProcessBuilder(
                "ptxas", "-arch=sm_90a", "-v", ptx.toString(), "-o", folder + "/wgmma.cubin")
            .redirectErrorStream(true)
            .start();
    String said = new String(ptxas.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(ptxas.waitFor()).as(said).isZero();
    assertThat(said)
        .contains("0 bytes spill stores, 0 bytes spill loads")
        .doesNotContain("serialized");
  }

  private static boolean onPath(String program) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .anyMatch(f -> Files.isExecutable(Path.of(f, program)));
  }
}
