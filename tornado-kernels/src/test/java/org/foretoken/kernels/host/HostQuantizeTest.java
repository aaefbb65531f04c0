package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Fp8Tensor;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.Overflow;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.QuantizationRecipes;
import org.foretoken.fp8.QuantizerReference;
import org.foretoken.fp8.Rounding;
import org.foretoken.fp8.ScaleRule;
import org.foretoken.kernels.graph.DType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Codes and scales of the host quantizers, bit for bit those of the slow reference. */
class HostQuantizeTest {
  private static final HostPool ONE = new HostPool(1);
  private static final HostPool TWO = new HostPool(2);
  private static final int[][] SHAPES = {
    {1, 1},
    {1, 13},
    {3, 128},
    {5, 129},
    {127, 31},
    {128, 128},
    {129, 257},
    {130, 600},
    {300, 48},
    {2, 4098},
    {257, 1},
  };

  @AfterAll
  static void close() {
    ONE.close();
    TWO.close();
  }

  static Stream<QuantizationRecipe> recipes() {
    List<QuantizationRecipe> all = new ArrayList<>();
    for (QuantizationRecipe base :
        List.of(
            QuantizationRecipes.TILE_1X128,
            QuantizationRecipes.TILE_128X1,
            QuantizationRecipes.BLOCK_128X128,
            QuantizationRecipes.BLOCK_128X128_POW2,
            QuantizationRecipes.TENSOR,
            QuantizationRecipes.ROW,
            QuantizationRecipes.E5M6_CACHE,
            QuantizationRecipes.MXFP8,
            QuantizationRecipes.MXFP8_OCP)) {
      all.add(base);
      all.add(base.withElement(Formats.E5M2));
      all.add(base.withElement(Formats.E5M6));
    }
    all.add(QuantizationRecipes.MXFP8.withGranularity(Granularity.MX_32X1));
    all.add(QuantizationRecipes.TILE_128X1.withGranularity(Granularity.COLUMN));
    all.add(QuantizationRecipes.E5M6_CACHE.withGranularity(Granularity.TILE_128X1));
    all.add(QuantizationRecipes.TILE_1X128.withGranularity(new Granularity(3, 700)));
    all.add(QuantizationRecipes.TILE_1X128.withGranularity(new Granularity(0, 100)));
    all.add(QuantizationRecipes.TILE_1X128.withGranularity(new Granularity(1, 3000)));
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void matchesTheReference(QuantizationRecipe recipe) {
    SplittableRandom random = new SplittableRandom(11);
    for (int[] shape : SHAPES) {
      for (Fill fill : Fill.values()) {
        float[] values = fill.values(random, shape[0] * shape[1]);
        check(recipe, values, shape[0], shape[1], DType.F32);
        for (int i = 0; i < values.length; i++) {
          values[i] = Bf16.round(values[i]);
          if (Float.isInfinite(values[i])) {
            values[i] = Bf16.MAX;
          }
        }
        check(recipe, values, shape[0], shape[1], DType.BF16);
      }
    }
  }

  /** Wide enough for the loops that look ahead, with tiles that they cannot encode in between. */
  @ParameterizedTest
  @MethodSource("recipes")
  void longRunsMatchTheReference(QuantizationRecipe recipe) {
    if (recipe.element().bits() > 8 || recipe.granularity().equals(Granularity.TENSOR)) {
      return;
    }
    SplittableRandom random = new SplittableRandom(17);
    for (int[] shape : new int[][] {{40, 1536}, {131, 1664}, {130, 2100}}) {
      float[] values = new float[shape[0] * shape[1]];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian(0, 1) * (1 << random.nextInt(20));
      }
      check(recipe, values, shape[0], shape[1], DType.F32);
      for (int i = 0; i < 3; i++) {
        values[random.nextInt(values.length)] = Float.NaN;
        values[random.nextInt(values.length)] = Float.MIN_VALUE;
      }
      int row = random.nextInt(shape[0]) * shape[1];
      for (int i = 0; i < 300; i++) {
        values[row + 600 + i] = 0x1p-130f * i;
      }
      check(recipe, values, shape[0], shape[1], DType.F32);
    }
  }

  private static void check(
      QuantizationRecipe recipe, float[] values, int rows, int columns, DType type) {
    Fp8Tensor want = QuantizerReference.quantize("t", values, rows, columns, recipe);
    boolean e8m0 = recipe.scaleFormat().equals(Formats.E8M0);
    byte[] scales = new byte[want.scales().length * (e8m0 ? 1 : 4)];
    for (int i = 0; i < want.scales().length; i++) {
      int bits = Float.floatToRawIntBits(want.scales()[i]);
      for (int b = 0; b < scales.length / want.scales().length; b++) {
        scales[i * (e8m0 ? 1 : 4) + b] = (byte) (e8m0 ? bits >>> 23 : bits >>> 8 * b);
      }
    }
    boolean nan = false;
    for (float value : values) {
      nan |= Float.isNaN(value);
    }
    for (HostPool pool : new HostPool[] {ONE, TWO}) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment x = source(arena, values, type);
        MemorySegment codes = dirty(arena, want.codes().length);
        MemorySegment s = dirty(arena, scales.length);
        boolean sawNan = HostQuantize.quantize(pool, "t", x, type, rows, columns, recipe, codes, s);
        String what =
            recipe.name()
                + " "
                + recipe.element().name()
                + " "
                + recipe.granularity()
                + " "
                + type
                + " ["
                + rows
                + ", "
                + columns
                + "]";
        assertThat(sawNan).as(what).isEqualTo(nan);
        assertThat(s.toArray(ValueLayout.JAVA_BYTE)).as(what + " scales").isEqualTo(scales);
        assertThat(codes.toArray(ValueLayout.JAVA_BYTE)).as(what).isEqualTo(want.codes());
      }
    }
  }

  @Test
  void bothOrientationsMatchTheReference() {
    SplittableRandom random = new SplittableRandom(12);
    for (int[] shape : SHAPES) {
      int rows = shape[0];
      int columns = shape[1];
      for (Fill fill : Fill.values()) {
        float[] values = fill.values(random, rows * columns);
        Fp8Tensor byRow =
            QuantizerReference.quantize("t", values, rows, columns, QuantizationRecipes.TILE_1X128);
        Fp8Tensor byColumn =
            QuantizerReference.quantize("t", values, rows, columns, QuantizationRecipes.TILE_128X1);
        for (HostPool pool : new HostPool[] {ONE, TWO}) {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = source(arena, values, DType.F32);
            MemorySegment rowCodes = dirty(arena, values.length);
            MemorySegment rowScales = dirty(arena, 4L * byRow.scales().length);
            MemorySegment columnCodes = dirty(arena, values.length);
            MemorySegment columnScales = dirty(arena, 4L * byColumn.scales().length);
            HostQuantize.quantizeBoth(
                pool,
                "t",
                x,
                DType.F32,
                rows,
                columns,
                Formats.E4M3,
                ScaleRule.AMAX,
                rowCodes,
                rowScales,
                columnCodes,
                columnScales);
            assertThat(rowScales.toArray(ValueLayout.JAVA_FLOAT)).isEqualTo(byRow.scales());
            assertThat(columnScales.toArray(ValueLayout.JAVA_FLOAT)).isEqualTo(byColumn.scales());
            assertThat(rowCodes.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(byRow.codes());
            assertThat(columnCodes.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(byColumn.codes());
          }
        }
      }
    }
  }

  @Test
  void theCorrectedProductRoundsLikeTheQuotientAtEveryTie() {
    // A sample of the significands of s; all 2^23 of them were compared once the same way.
    for (HostQuantizeFormat format :
        List.of(HostQuantizeFormat.E4M3, HostQuantizeFormat.E5M2, HostQuantizeFormat.E5M6)) {
      SplittableRandom random = new SplittableRandom(13);
      for (int i = 0; i < 4000; i++) {
        float scale = Float.intBitsToFloat(0x3f80_0000 | random.nextInt(1 << 23));
        TieProbe.compare(format, scale);
      }
    }
  }

  @Test
  void aGivenScaleSaturates() {
    SplittableRandom random = new SplittableRandom(14);
    for (int[] shape : SHAPES) {
      for (Fill fill : Fill.values()) {
        float[] values = fill.values(random, shape[0] * shape[1]);
        float amax = QuantizerReference.amax(values);
        for (float scale :
            new float[] {amax / 4480, amax / 448, 1e-30f, 7 * Float.MIN_VALUE, 1e37f, 0.37f}) {
          if (scale > 0) {
            checkGiven(values, shape[0], shape[1], scale, amax);
          }
        }
      }
    }
  }

  private static void checkGiven(float[] values, int rows, int columns, float scale, float amax) {
    for (Format element : List.of(Formats.E4M3, Formats.E5M2, Formats.E5M6)) {
      int bytes = Fp8Tensor.bytesPerCode(element);
      byte[] want = new byte[values.length * bytes];
      for (int i = 0; i < values.length; i++) {
        int code = element.encode(values[i] / scale, Rounding.NEAREST_EVEN, Overflow.SATURATE, 0);
        for (int b = 0; b < bytes; b++) {
          want[i * bytes + b] = (byte) (code >>> 8 * b);
        }
      }
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment x = source(arena, values, DType.F32);
        MemorySegment codes = dirty(arena, want.length);
        assertThat(HostQuantize.amax(TWO, "t", x, DType.F32, rows, columns)).isEqualTo(amax);
        HostQuantize.quantizeWithScale(
            TWO, "t", x, DType.F32, rows, columns, element, scale, codes);
        assertThat(codes.toArray(ValueLayout.JAVA_BYTE))
            .as(element.name() + " scale " + scale)
            .isEqualTo(want);
      }
    }
  }

  @Test
  void infinityIsNamedWithItsIndex() {
    float[] values = new float[300 * 200];
    values[77 * 200 + 5] = Float.NEGATIVE_INFINITY;
    values[290 * 200] = Float.POSITIVE_INFINITY;
    for (QuantizationRecipe recipe :
        List.of(
            QuantizationRecipes.TILE_1X128,
            QuantizationRecipes.TILE_128X1,
            QuantizationRecipes.BLOCK_128X128,
            QuantizationRecipes.TENSOR,
            QuantizationRecipes.ROW,
            QuantizationRecipes.MXFP8)) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment x = source(arena, values, DType.F32);
        MemorySegment codes = dirty(arena, values.length);
        MemorySegment scales = dirty(arena, 4L * values.length);
        assertThatThrownBy(
                () ->
                    HostQuantize.quantize(TWO, "w", x, DType.F32, 300, 200, recipe, codes, scales))
            .isInstanceOf(InputException.class)
            .hasMessageStartingWith("w [77, 5] (element 15405): expected a finite value")
            .hasMessageContaining("-Infinity");
      }
    }
  }

  @Test
  void buffersThatAreTooSmallAreRefused() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment x = arena.allocate(4 * 128, 64);
      MemorySegment codes = arena.allocate(127);
      MemorySegment scales = arena.allocate(4);
      assertThatThrownBy(
              () ->
                  HostQuantize.quantize(
                      ONE,
                      "w",
                      x,
                      DType.F32,
                      1,
                      128,
                      QuantizationRecipes.TILE_1X128,
                      codes,
                      scales))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("128 bytes")
          .hasMessageContaining("codes");
    }
  }

  /** What a tensor holds. */
  private enum Fill {
    NORMAL {
      @Override
      float value(SplittableRandom r) {
        return (float) r.nextGaussian();
      }
    },
    HUGE_RANGE {
      @Override
      float value(SplittableRandom r) {
        return (float) (r.nextGaussian() * Math.pow(2, r.nextInt(-149, 127)));
      }
    },
    MANY_SUBNORMAL_CODES {
      @Override
      float value(SplittableRandom r) {
        return (float) (r.nextGaussian() * Math.pow(2, -r.nextInt(24)));
      }
    },
    TINY {
      @Override
      float value(SplittableRandom r) {
        return Float.intBitsToFloat(r.nextInt(1 << 16) | r.nextInt(2) << 31);
      }
    },
    ZEROS {
      @Override
      float value(SplittableRandom r) {
        return r.nextBoolean() ? 0f : -0f;
      }
    },
    SPARSE {
      @Override
      float value(SplittableRandom r) {
        return r.nextInt(300) == 0 ? (float) r.nextGaussian() : 0f;
      }
    },
    WITH_NAN {
      @Override
      float value(SplittableRandom r) {
        return r.nextInt(400) == 0
            ? Float.intBitsToFloat(r.nextBoolean() ? 0x7fc0_0000 : 0xffc0_0000)
            : (float) r.nextGaussian();
      }
    },
    LARGEST {
      @Override
      float value(SplittableRandom r) {
        return r.nextInt(50) == 0 ? Float.MAX_VALUE : (float) r.nextGaussian();
      }
    };

    abstract float value(SplittableRandom r);

    float[] values(SplittableRandom r, int n) {
      float[] values = new float[n];
      for (int i = 0; i < n; i++) {
        values[i] = value(r);
        if (Float.isInfinite(values[i])) {
          values[i] = 1f;
        }
      }
      return values;
    }
  }

  private static MemorySegment source(Arena arena, float[] values, DType type) {
    MemorySegment x = arena.allocate(Math.max(1, (long) values.length * type.bytes()), 64);
    for (int i = 0; i < values.length; i++) {
      if (type == DType.F32) {
        x.setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
      } else {
        x.setAtIndex(ValueLayout.JAVA_SHORT, i, Bf16.encode(values[i]));
      }
    }
    return x;
  }

  private static MemorySegment dirty(Arena arena, long bytes) {
    return arena.allocate(bytes, 64).fill((byte) 0x55);
  }
}
