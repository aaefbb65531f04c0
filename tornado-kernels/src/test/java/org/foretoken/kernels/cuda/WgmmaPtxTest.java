package org.foretoken.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.SplittableRandom;
import org.foretoken.fp8.E4M3;
import org.foretoken.kernels.cuda.ptx.PtxKernel;
import org.foretoken.kernels.cuda.ptx.PtxMachine;
import org.foretoken.kernels.cuda.ptx.TensorMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The text of the wgmma kernels, run instruction by instruction, against double precision. */
class WgmmaPtxTest {
  private static final int TILE = WgmmaFp8Gemm.TILE;

  /** m, n, k: one tile; ragged ones; more tiles than work groups, more blocks than stages. */
  private static final int[][] SHAPES = {
    {128, 128, 128}, {64, 128, 256}, {200, 144, 1040}, {300, 264, 400}, {1, 16, 16}, {520, 16, 16}
  };

  static List<WgmmaFp8Gemm> kernels() {
    return WgmmaFp8GemmTest.kernels();
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void multiplies(WgmmaFp8Gemm kernel) {
    PtxKernel program = new PtxKernel(kernel.ptx());
    long seed = 1;
    for (int[] shape : SHAPES) {
      Product product = new Product(kernel, shape[0], shape[1], shape[2], seed);
      boolean accumulate = seed % 2 == 0;
      product.run(program, accumulate, seed++);
      product.check(accumulate);
    }
  }

  /** What the machine is for: products of a stage that has not come yet are wrong. */
  @ParameterizedTest
  @MethodSource("kernels")
  void aMissingWaitForAFullStageShows(WgmmaFp8Gemm kernel) {
    shows(kernel, "  @!%p bra FULL[A-Z_]*_WAIT;\n");
  }

  /** And a stage that is filled while it is still read. */
  @ParameterizedTest
  @MethodSource("kernels")
  void aMissingWaitForAnEmptyStageShows(WgmmaFp8Gemm kernel) {
    shows(kernel, "  @!%p bra EMPTY_WAIT;\n");
  }

  /** And results that are read before they are there. */
  @ParameterizedTest
  @MethodSource("kernels")
  void aMissingWaitForProductsShows(WgmmaFp8Gemm kernel) {
    shows(kernel, "  wgmma.wait_group.sync.aligned [01];\n");
  }

  private static void shows(WgmmaFp8Gemm kernel, String removed) {
    String text = kernel.ptx().replaceAll(removed, "");
    assertThat(text).isNotEqualTo(kernel.ptx());
    PtxKernel wrong = new PtxKernel(text);
    Product product = new Product(kernel, 128, 128, 2048, 5);
    assertThatThrownBy(
            () -> {
              product.run(wrong, false, 5);
              product.check(false);
            })
        .isInstanceOfAny(AssertionError.class, IllegalStateException.class);
  }

  /** Operands and results of one product. */
  private static final class Product {
    private final WgmmaFp8Gemm kernel;
    private final int m;
    private final int n;
    private final int k;
    private final int blocks;
    private final boolean tiles;
    private final byte[] a;
    private final byte[] b;
    private final float[] aScales;
    private final float[] bScales;
    private final float[] before;
    private float[] c;

    Product(WgmmaFp8Gemm kernel, int m, int n, int k, long seed) {
      this.kernel = kernel;
      this.m = m;
      this.n = n;
      this.k = k;
      blocks = Math.ceilDiv(k, TILE);
      tiles = kernel.kernelName().endsWith("tiles");
      SplittableRandom random = new SplittableRandom(seed);
      a = codes(random, m * k);
      b = codes(random, n * k);
      aScales = floats(random, m * blocks);
      bScales = floats(random, (tiles ? n : Math.ceilDiv(n, TILE)) * blocks);
      before = floats(random, m * n);
    }

    private static byte[] codes(SplittableRandom random, int count) {
      byte[] codes = new byte[count];
      for (int i = 0; i < count; i++) {
        codes[i] = E4M3.encode((float) random.nextGaussian());
      }
      return codes;
    }

    private static float[] floats(SplittableRandom random, int count) {
      float[] values = new float[count];
      for (int i = 0; i < count; i++) {
        values[i] = 0.5f + (float) random.nextDouble();
      }
      return values;
    }

    void run(PtxKernel program, boolean accumulate, long seed) {
      c = before.clone();
      PtxMachine machine = new PtxMachine(seed);
      machine.set("a_map", new TensorMap(a, m, k, TILE));
      machine.set("b_map", new TensorMap(b, n, k, kernel.boxRowsOfB()));
      machine.set("a_scales", aScales);
      machine.set("b_scales", bScales);
      machine.set("c", c);
      machine.set("m", m);
      machine.set("n", n);
      machine.set("k", k);
      machine.set("accumulate", accumulate ? 1 : 0);
      int all = Math.ceilDiv(n, TILE) * kernel.tilesDown(m);
      int groups = Math.min(all, 2); // of a device with two multiprocessors
      machine.run(program, groups, kernel.cluster(), WgmmaFp8Gemm.SHARED_BYTES);
    }

    void check(boolean accumulate) {
      for (int row = 0; row < m; row++) {
        for (int column = 0; column < n; column++) {
          double sum = accumulate ? before[row * n + column] : 0;
          double magnitude = Math.abs(sum);
          for (int i = 0; i < k; i++) {
            int block = i / TILE;
            double scale =
                tiles
                    ? (double) aScales[block * m + row] * bScales[block * n + column]
                    : (double) aScales[row * blocks + block]
                        * bScales[column / TILE * blocks + block];
            double term = scale * E4M3.decode(a[row * k + i]) * E4M3.decode(b[column * k + i]);
            sum += term;
            magnitude += Math.abs(term);
          }
          assertThat((double) c[row * n + column])
              .as(
                  "%s, cluster %d, [%d, %d] of %d x %d x %d",
                  kernel.kernelName(), kernel.cluster(), row, column, m, n, k)
              .isCloseTo(sum, org.assertj.core.data.Offset.offset(1e-6 * magnitude + 1e-6));
        }
      }
    }
  }
}
