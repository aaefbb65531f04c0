package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.DequantizerReference;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Fp8Tensor;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.kernels.graph.DType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Values of the host dequantizer, bit for bit those of the slow reference. */
class HostDequantizeTest {
  private static final HostPool ONE = new HostPool(1);
  private static final HostPool TWO = new HostPool(2);
  private static final int[][] SHAPES = {
    {1, 1}, {1, 13}, {3, 256}, {5, 129}, {129, 257}, {130, 600}, {300, 48}, {2, 4098},
  };

  @AfterAll
  static void close() {
    ONE.close();
    TWO.close();
  }

  static Stream<QuantizationRecipe> recipes() {
    return HostQuantizeTest.recipes();
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void matchesTheReference(QuantizationRecipe recipe) {
    SplittableRandom random = new SplittableRandom(21);
    for (int[] shape : SHAPES) {
      for (boolean finite : new boolean[] {true, false}) {
        check(tensor(recipe, shape[0], shape[1], finite, random));
      }
    }
  }

  private static Fp8Tensor tensor(
      QuantizationRecipe recipe, int rows, int columns, boolean finite, SplittableRandom random) {
    Granularity tile = recipe.granularity();
    boolean wide = recipe.element().bits() > 8;
    byte[] codes = new byte[rows * columns * (wide ? 2 : 1)];
    for (int i = 0; i < rows * columns; i++) {
      int code = random.nextInt(1 << recipe.element().bits());
      while (finite && !Double.isFinite(recipe.element().decode(code))) {
        code = random.nextInt(1 << recipe.element().bits());
      }
      if (wide) {
        codes[2 * i] = (byte) code;
        codes[2 * i + 1] = (byte) (code >>> 8);
      } else {
        codes[i] = (byte) code;
      }
    }
    float[] scales = new float[tile.scaleRows(rows) * tile.scaleColumns(columns)];
    boolean exponents = recipe.scaleFormat().equals(Formats.E8M0);
    for (int i = 0; i < scales.length; i++) {
      scales[i] = Math.scalb(exponents ? 1f : random.nextFloat() + 0.5f, random.nextInt(-127, 115));
    }
    return new Fp8Tensor(codes, scales, 1f, rows, columns, recipe);
  }

  private static void check(Fp8Tensor tensor) {
    float[] want = DequantizerReference.dequantize(tensor);
    boolean exponents = tensor.recipe().scaleFormat().equals(Formats.E8M0);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment codes = arena.allocateFrom(ValueLayout.JAVA_BYTE, tensor.codes());
      MemorySegment scales = arena.allocate(4L * tensor.scales().length, 4);
      for (int i = 0; i < tensor.scales().length; i++) {
        if (exponents) {
          int field = Math.getExponent(tensor.scales()[i]) + 127;
          scales.set(ValueLayout.JAVA_BYTE, i, (byte) field);
        } else {
          scales.setAtIndex(ValueLayout.JAVA_FLOAT, i, tensor.scales()[i]);
        }
      }
      MemorySegment x = arena.allocate(4L * want.length, 64);
      for (HostPool pool : new HostPool[] {ONE, TWO}) {
        String what =
            tensor.recipe()
                + " ["
                + tensor.rows()
                + ", "
                + tensor.columns()
                + "] on "
                + pool.threads();
        run(pool, tensor, codes, scales, x.fill((byte) 0x55), DType.F32);
        for (int i = 0; i < want.length; i++) {
          float found = x.getAtIndex(ValueLayout.JAVA_FLOAT, i);
          if (Float.floatToIntBits(found) != Float.floatToIntBits(want[i])) {
            assertThat(found).as(what + " element " + i).isEqualTo(want[i]);
          }
        }
        run(pool, tensor, codes, scales, x.fill((byte) 0x55), DType.BF16);
        for (int i = 0; i < want.length; i++) {
          float found = Bf16.decode(x.getAtIndex(ValueLayout.JAVA_SHORT, i));
          float wanted = Bf16.round(want[i]);
          if (Float.floatToIntBits(found) != Float.floatToIntBits(wanted)) {
            assertThat(found).as(what + " BF16 element " + i).isEqualTo(wanted);
          }
        }
      }
    }
  }

  private static void run(
      HostPool pool,
      Fp8Tensor tensor,
      MemorySegment codes,
      MemorySegment scales,
      MemorySegment x,
      DType type) {
    HostDequantize.dequantize(
        pool, "t", codes, scales, tensor.rows(), tensor.columns(), tensor.recipe(), x, type);
  }

  @Test
  void recipesWithoutAFastLoopAreRefused() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment some = arena.allocate(64);
      assertThatThrownBy(
              () ->
                  HostDequantize.dequantize(
                      ONE, "w", some, some, 1, 1, QuantizationRecipes.NVFP4, some, DType.F32))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("nvfp4");
    }
  }
}
