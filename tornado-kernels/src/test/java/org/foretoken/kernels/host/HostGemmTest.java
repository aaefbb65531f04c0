package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.fp8.Bf16;
import org.foretoken.kernels.host.HostGemm.Operand;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostGemmTest {
  private final HostPool one = new HostPool(1);
  private final HostPool two = new HostPool(2);

  @AfterAll
  void close() {
    one.close();
    two.close();
  }

  private static MemorySegment store(float[] x, Operand type) {
    return type == Operand.BF16 ? GemmFixture.bf16(x) : GemmFixture.floats(x);
  }

  private static float[] seen(float[] x, Operand type) {
    float[] y = x.clone();
    for (int i = 0; type != Operand.F32 && i < y.length; i++) {
      y[i] = Bf16.round(y[i]);
    }
    return y;
  }

  private void checkAllLayouts(int m, int n, int k, Operand aType, Operand bType) {
    float[] a = GemmFixture.gaussian(1, m * k);
    float[] b = GemmFixture.gaussian(2, n * k);
    float[] c = GemmFixture.gaussian(3, m * n);
    float[] at = GemmFixture.transpose(a, m, k);
    float[] bt = GemmFixture.transpose(b, n, k);
    for (boolean accumulate : new boolean[] {false, true}) {
      float[] before = accumulate ? c : null;
      float[] expected = GemmFixture.exact(seen(a, aType), seen(b, bType), before, m, n, k);
      double[] wide =
          GemmFixture.wide(
              GemmFixture.widen(seen(a, aType)),
              GemmFixture.widen(seen(b, bType)),
              before,
              m,
              n,
              k);
      for (HostPool pool : List.of(one, two)) {
        MemorySegment nt = GemmFixture.floats(c);
        MemorySegment nn = GemmFixture.floats(c);
        MemorySegment tn = GemmFixture.floats(c);
        HostGemm.nt(pool, store(a, aType), store(b, bType), nt, m, n, k, accumulate, aType, bType);
        HostGemm.nn(pool, store(a, aType), store(bt, bType), nn, m, n, k, accumulate, aType, bType);
        HostGemm.tn(
            pool, store(at, aType), store(bt, bType), tn, m, n, k, accumulate, aType, bType);
        float[] found = GemmFixture.toArray(nt, m * n);
        GemmFixture.assertClose("nt", found, wide);
        GemmFixture.assertSameBits("nt", found, expected);
        GemmFixture.assertSameBits("nn", GemmFixture.toArray(nn, m * n), expected);
        GemmFixture.assertSameBits("tn", GemmFixture.toArray(tn, m * n), expected);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "1, 1, 4098",
    "1, 300, 513",
    "13, 13, 13",
    "14, 33, 17",
    "207, 13, 1",
    "64, 32, 512",
    "40, 65, 3884",
    "13, 1100, 207",
    "300, 129, 100",
    "4098, 13, 13"
  })
  void allLayoutsHaveTheDocumentedBits(int m, int n, int k) {
    checkAllLayouts(m, n, k, Operand.F32, Operand.F32);
  }

  @ParameterizedTest
  @EnumSource(Operand.class)
  void operandTypesRoundAsTheySay(Operand type) {
    checkAllLayouts(37, 61, 207, type, type);
    checkAllLayouts(5, 207, 530, type, Operand.F32);
    checkAllLayouts(29, 16, 128, Operand.F32_AS_BF16, type);
  }

  @Test
  void anElementDoesNotDependOnTheRowsAroundIt() {
    int k = 700;
    int n = 83;
    float[] a = GemmFixture.gaussian(4, 257 * k);
    float[] b = GemmFixture.gaussian(5, n * k);
    float[] expected = GemmFixture.exact(a, b, null, 257, n, k);
    List<Integer> rows = new ArrayList<>(List.of(257));
    for (int m = 1; m <= 40; m++) {
      rows.add(m);
    }
    for (int m : rows) {
      int first = 257 - m; // the same rows at other places of the product
      MemorySegment x = GemmFixture.floats(a).asSlice(4L * first * k);
      for (HostPool pool : List.of(one, two)) {
        MemorySegment c = GemmFixture.floats(new float[m * n]);
        HostGemm.nt(pool, x, GemmFixture.floats(b), c, m, n, k, false, Operand.F32, Operand.F32);
        float[] part = new float[m * n];
        System.arraycopy(expected, first * n, part, 0, m * n);
        GemmFixture.assertSameBits("m = " + m, GemmFixture.toArray(c, m * n), part);
      }
    }
  }

  @Test
  void stridesSelectSubMatricesAndLeaveTheRestAlone() {
    int m = 21;
    int n = 35;
    int k = 19;
    int lda = 40;
    int ldb = 50;
    int ldc = 60;
    float[] a = GemmFixture.gaussian(6, 64 * lda);
    float[] b = GemmFixture.gaussian(7, 64 * ldb);
    float[] c = GemmFixture.gaussian(8, 64 * ldc);
    // nt: a[m, k] at column 3, b[n, k] at column 5, c at column 7
    float[] dense =
        GemmFixture.exact(slice(a, 3, m, k, lda), slice(b, 5, n, k, ldb), null, m, n, k);
    MemorySegment result = GemmFixture.floats(c);
    HostGemm.nt(
        two,
        GemmFixture.floats(a).asSlice(12),
        lda,
        GemmFixture.floats(b).asSlice(20),
        ldb,
        result.asSlice(28),
        ldc,
        m,
        n,
        k,
        false,
        Operand.F32,
        Operand.F32);
    GemmFixture.assertSameBits(
        "nt", GemmFixture.toArray(result, c.length), paste(c, dense, m, n, ldc));
    // nn: b[k, n]
    float[] bt = GemmFixture.transpose(slice(b, 5, k, n, ldb), k, n);
    dense = GemmFixture.exact(slice(a, 3, m, k, lda), bt, null, m, n, k);
    result = GemmFixture.floats(c);
    HostGemm.nn(
        two,
        GemmFixture.floats(a).asSlice(12),
        lda,
        GemmFixture.floats(b).asSlice(20),
        ldb,
        result.asSlice(28),
        ldc,
        m,
        n,
        k,
        false,
        Operand.F32,
        Operand.F32);
    GemmFixture.assertSameBits(
        "nn", GemmFixture.toArray(result, c.length), paste(c, dense, m, n, ldc));
    // tn: a[k, m]
    float[] at = GemmFixture.transpose(slice(a, 3, k, m, lda), k, m);
    dense = GemmFixture.exact(at, bt, null, m, n, k);
    result = GemmFixture.floats(c);
    HostGemm.tn(
        two,
        GemmFixture.floats(a).asSlice(12),
        lda,
        GemmFixture.floats(b).asSlice(20),
        ldb,
        result.asSlice(28),
        ldc,
        m,
        n,
        k,
        false,
        Operand.F32,
        Operand.F32);
    GemmFixture.assertSameBits(
        "tn", GemmFixture.toArray(result, c.length), paste(c, dense, m, n, ldc));
  }

  private static float[] slice(float[] x, int column, int rows, int columns, int stride) {
    float[] y = new float[rows * columns];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(x, i * stride + column, y, i * columns, columns);
    }
    return y;
  }

  private static float[] paste(float[] c, float[] dense, int m, int n, int ldc) {
    float[] y = c.clone();
    for (int i = 0; i < m; i++) {
      System.arraycopy(dense, i * n, y, i * ldc + 7, n);
    }
    return y;
  }

  @Test
  void emptyInnerDimensionGivesZerosOrKeepsC() {
    float[] c = GemmFixture.gaussian(9, 6);
    MemorySegment none = GemmFixture.floats(new float[0]);
    MemorySegment kept = GemmFixture.floats(c);
    HostGemm.nt(two, none, none, kept, 2, 3, 0, true, Operand.F32, Operand.F32);
    assertThat(GemmFixture.toArray(kept, 6)).isEqualTo(c);
    HostGemm.nt(two, none, none, kept, 2, 3, 0, false, Operand.F32, Operand.F32);
    assertThat(GemmFixture.toArray(kept, 6)).containsOnly(0f);
    HostGemm.tn(two, none, kept, kept, 0, 3, 2, false, Operand.F32, Operand.F32);
  }

  @Test
  void nanAndInfinityReachTheirRowOnly() {
    int m = 20;
    int n = 40;
    int k = 64;
    for (Operand type : Operand.values()) {
      float[] a = GemmFixture.gaussian(10, m * k);
      float[] b = GemmFixture.gaussian(11, n * k);
      a[7 * k + 63] = Float.intBitsToFloat(0x7fffffff); // rounding must not carry into the sign
      a[9 * k] = Float.POSITIVE_INFINITY;
      MemorySegment c = GemmFixture.floats(new float[m * n]);
      HostGemm.nt(two, store(a, type), store(b, type), c, m, n, k, false, type, type);
      float[] found = GemmFixture.toArray(c, m * n);
      for (int i = 0; i < found.length; i++) {
        assertThat(Float.isNaN(found[i])).as("%s, %d", type, i).isEqualTo(i / n == 7);
        assertThat(Float.isFinite(found[i]))
            .as("%s, %d", type, i)
            .isEqualTo(i / n != 7 && i / n != 9);
      }
    }
  }

  @Test
  void wrongOperandsAreNamed() {
    MemorySegment small = GemmFixture.floats(new float[15]);
    MemorySegment fits = GemmFixture.floats(new float[16]);
    assertThatThrownBy(
            () -> HostGemm.nt(one, fits, small, fits, 4, 4, 4, false, Operand.F32, Operand.F32))
        .hasMessage("b: expected at least 64 bytes for [4, 4] with row stride 4, found 60");
    assertThatThrownBy(
            () ->
                HostGemm.nt(
                    one, fits, 3, fits, 4, fits, 4, 4, 4, 4, false, Operand.F32, Operand.F32))
        .hasMessage("a: expected a row stride of at least 4 elements, found 3");
    MemorySegment heap = MemorySegment.ofArray(new float[16]);
    assertThatThrownBy(
            () -> HostGemm.nt(one, fits, fits, heap, 4, 4, 4, false, Operand.F32, Operand.F32))
        .hasMessageContaining("c: expected native memory");
  }

  @Test
  void operandsMayLieInASharedArena() {
    try (Arena arena = Arena.ofShared()) {
      int size = 96;
      MemorySegment a = arena.allocate(4L * size * size, 64);
      MemorySegment c = arena.allocate(4L * size * size, 64);
      for (int i = 0; i < size; i++) {
        a.setAtIndex(ValueLayout.JAVA_FLOAT, i * size + i, 2f);
      }
      HostGemm.nn(two, a, a, c, size, size, size, false, Operand.F32, Operand.F32);
      for (int i = 0; i < size * size; i++) {
        assertThat(c.getAtIndex(ValueLayout.JAVA_FLOAT, i))
            .isEqualTo(i % (size + 1) == 0 ? 4f : 0f);
      }
    }
  }
}
