package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.foretoken.kernels.host.HostFp8Gemm.Format;
import org.foretoken.kernels.host.HostFp8Gemm.Operand;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostFp8GemmTest {
  private final HostPool one = new HostPool(1);
  private final HostPool two = new HostPool(2);

  @AfterAll
  void close() {
    one.close();
    two.close();
  }

  /** A quantized matrix [rows, columns] with scale tiles, and what it stands for. */
  private record Quantized(
      byte[] codes,
      Format format,
      float[] scales,
      int rows,
      int columns,
      int tileRows,
      int tileColumns) {
    static Quantized random(
        long seed, Format format, int rows, int columns, int tileRows, int tileColumns) {
      int count = Math.ceilDiv(rows, tileRows) * Math.ceilDiv(columns, tileColumns);
      return new Quantized(
          GemmFixture.codes(seed, rows * columns, format),
          format,
          GemmFixture.scales(seed + 100, count),
          rows,
          columns,
          tileRows,
          tileColumns);
    }

    float scale(int row, int column) {
      return scales[row / tileRows * Math.ceilDiv(columns, tileColumns) + column / tileColumns];
    }

    Operand operand() {
      return new Operand(
          GemmFixture.bytes(codes), format, GemmFixture.floats(scales), tileRows, tileColumns);
    }

    float[] values() {
      return GemmFixture.decode(codes, format);
    }

    float[] dequantized() {
      float[] x = values();
      for (int i = 0; i < x.length; i++) {
        x[i] *= scale(i / columns, i % columns);
      }
      return x;
    }

    double[] wide() {
      double[] x = GemmFixture.widen(values());
      for (int i = 0; i < x.length; i++) {
        x[i] *= scale(i / columns, i % columns);
      }
      return x;
    }
  }

  private static double[] transpose(double[] x, int rows, int columns) {
    double[] t = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      t[i % columns * rows + i / columns] = x[i];
    }
    return t;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "1, 207, 129",
    "13, 13, 13",
    "14, 130, 640",
    "64, 96, 1024",
    "33, 207, 3884",
    "129, 33, 4098",
    "300, 140, 200"
  })
  void theThreeProductsHaveTheDocumentedBits(int m, int n, int k) {
    Quantized x = Quantized.random(1, Format.E4M3, m, k, 1, 128);
    Quantized w = Quantized.random(2, Format.E4M3, n, k, 128, 128);
    Quantized dy = Quantized.random(3, Format.E4M3, m, n, 1, 128);
    Quantized xColumns = Quantized.random(4, Format.E4M3, m, k, 128, 1);
    Quantized dyColumns = Quantized.random(5, Format.E4M3, m, n, 128, 1);
    float[] gradient = GemmFixture.gaussian(6, n * k);
    for (HostPool pool : List.of(one, two)) {
      MemorySegment y = GemmFixture.floats(new float[m * n]);
      HostFp8Gemm.fprop(
          pool,
          GemmFixture.bytes(x.codes),
          GemmFixture.floats(x.scales),
          GemmFixture.bytes(w.codes),
          GemmFixture.floats(w.scales),
          y,
          m,
          n,
          k);
      float[] found = GemmFixture.toArray(y, m * n);
      GemmFixture.assertClose("fprop", found, GemmFixture.wide(x.wide(), w.wide(), null, m, n, k));
      GemmFixture.assertSameBits(
          "fprop",
          found,
          GemmFixture.exactScaled(x.values(), x::scale, w.values(), w::scale, null, m, n, k));

      MemorySegment dx = GemmFixture.floats(new float[m * k]);
      HostFp8Gemm.dgrad(
          pool,
          GemmFixture.bytes(dy.codes),
          GemmFixture.floats(dy.scales),
          GemmFixture.bytes(w.codes),
          GemmFixture.floats(w.scales),
          dx,
          m,
          n,
          k);
      found = GemmFixture.toArray(dx, m * k);
      GemmFixture.assertClose(
          "dgrad", found, GemmFixture.wide(dy.wide(), transpose(w.wide(), n, k), null, m, k, n));
      GemmFixture.assertSameBits(
          "dgrad",
          found,
          GemmFixture.exactScaled(
              dy.values(),
              dy::scale,
              GemmFixture.transpose(w.values(), n, k),
              (j, p) -> w.scale(p, j),
              null,
              m,
              k,
              n));

      for (boolean accumulate : new boolean[] {false, true}) {
        MemorySegment dw = GemmFixture.floats(gradient);
        float[] before = accumulate ? gradient : null;
        HostFp8Gemm.wgrad(
            pool,
            GemmFixture.bytes(dyColumns.codes),
            GemmFixture.floats(dyColumns.scales),
            GemmFixture.bytes(xColumns.codes),
            GemmFixture.floats(xColumns.scales),
            dw,
            m,
            n,
            k,
            accumulate);
        found = GemmFixture.toArray(dw, n * k);
        GemmFixture.assertClose(
            "wgrad",
            found,
            GemmFixture.wide(
                transpose(dyColumns.wide(), m, n),
                transpose(xColumns.wide(), m, k),
                before,
                n,
                k,
                m));
        GemmFixture.assertSameBits(
            "wgrad",
            found,
            GemmFixture.exactScaled(
                GemmFixture.transpose(dyColumns.values(), m, n),
                (i, p) -> dyColumns.scale(p, i),
                GemmFixture.transpose(xColumns.values(), m, k),
                (j, p) -> xColumns.scale(p, j),
                before,
                n,
                k,
                m));
      }
    }
  }

  @Test
  void anElementDoesNotDependOnTheRowsAroundIt() {
    int k = 700;
    int n = 83;
    Quantized x = Quantized.random(7, Format.E4M3, 257, k, 1, 128);
    Quantized w = Quantized.random(8, Format.E4M3, n, k, 128, 128);
    float[] expected =
        GemmFixture.exactScaled(x.values(), x::scale, w.values(), w::scale, null, 257, n, k);
    List<Integer> rows = new ArrayList<>(List.of(257));
    for (int m = 1; m <= 40; m++) {
      rows.add(m);
    }
    int groups = Math.ceilDiv(k, 128);
    for (int m : rows) {
      int first = 257 - m;
      for (HostPool pool : List.of(one, two)) {
        MemorySegment y = GemmFixture.floats(new float[m * n]);
        HostFp8Gemm.fprop(
            pool,
            GemmFixture.bytes(x.codes).asSlice((long) first * k),
            GemmFixture.floats(x.scales).asSlice(4L * first * groups),
            GemmFixture.bytes(w.codes),
            GemmFixture.floats(w.scales),
            y,
            m,
            n,
            k);
        float[] part = new float[m * n];
        System.arraycopy(expected, first * n, part, 0, m * n);
        GemmFixture.assertSameBits("m = " + m, GemmFixture.toArray(y, m * n), part);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    // tiles of a, tiles of b, along [rows, inner dimension]; 100000 stands for all
    "100000, 100000, 100000, 100000, true",
    "1, 100000, 1, 100000, true",
    "1, 256, 128, 128, true",
    "1, 32, 1, 32, false",
    "1, 32, 128, 128, false"
  })
  void otherGranularitiesPromoteOrDequantize(int ar, int ac, int br, int bc, boolean promote) {
    int m = 45;
    int n = 77;
    int k = 650;
    for (Format format : Format.values()) {
      Quantized a = Quantized.random(9, format, m, k, ar, ac);
      Quantized b = Quantized.random(10, Format.E4M3, n, k, br, bc);
      float[] c = GemmFixture.gaussian(11, m * n);
      float[] expected =
          promote
              ? GemmFixture.exactScaled(a.values(), a::scale, b.values(), b::scale, c, m, n, k)
              : GemmFixture.exact(a.dequantized(), b.dequantized(), c, m, n, k);
      double[] wide = GemmFixture.wide(a.wide(), b.wide(), c, m, n, k);

      MemorySegment nt = GemmFixture.floats(c);
      HostFp8Gemm.nt(two, a.operand(), b.operand(), nt, m, n, k, true);
      GemmFixture.assertClose("nt", GemmFixture.toArray(nt, m * n), wide);
      GemmFixture.assertSameBits("nt", GemmFixture.toArray(nt, m * n), expected);

      MemorySegment nn = GemmFixture.floats(c);
      HostFp8Gemm.nn(two, a.operand(), transposed(b).operand(), nn, m, n, k, true);
      GemmFixture.assertSameBits("nn", GemmFixture.toArray(nn, m * n), expected);

      MemorySegment tn = GemmFixture.floats(c);
      HostFp8Gemm.tn(two, transposed(a).operand(), transposed(b).operand(), tn, m, n, k, true);
      GemmFixture.assertSameBits("tn", GemmFixture.toArray(tn, m * n), expected);
    }
  }

  private static Quantized transposed(Quantized x) {
    byte[] codes = new byte[x.codes.length];
    for (int i = 0; i < codes.length; i++) {
      codes[i % x.columns * x.rows + i / x.columns] = x.codes[i];
    }
    float[] scales =
        GemmFixture.transpose(
            x.scales, Math.ceilDiv(x.rows, x.tileRows), Math.ceilDiv(x.columns, x.tileColumns));
    return new Quantized(codes, x.format, scales, x.columns, x.rows, x.tileColumns, x.tileRows);
  }

  @ParameterizedTest
  @CsvSource({"0x7f, E4M3", "0xff, E4M3", "0x7d, E5M2", "0xfe, E5M2", "0xff, E5M2"})
  void nanCodesReachTheirRowOnly(String code, Format format) {
    int m = 20;
    int n = 40;
    int k = 210;
    for (int place : new int[] {0, 77, k - 1}) {
      Quantized a = Quantized.random(12, format, m, k, 1, 128);
      Quantized b = Quantized.random(13, Format.E4M3, n, k, 128, 128);
      a.codes[7 * k + place] = (byte) (int) Integer.decode(code);
      MemorySegment c = GemmFixture.floats(new float[m * n]);
      HostFp8Gemm.nt(two, a.operand(), b.operand(), c, m, n, k, false);
      float[] found = GemmFixture.toArray(c, m * n);
      for (int i = 0; i < found.length; i++) {
        assertThat(Float.isNaN(found[i])).as("element %d", i).isEqualTo(i / n == 7);
      }
    }
  }

  @Test
  void infinityOfE5M2StaysOne() {
    int k = 64;
    Quantized a = Quantized.random(14, Format.E5M2, 1, k, 1, 128);
    Quantized b = Quantized.random(15, Format.E4M3, 3, k, 128, 128);
    a.codes[5] = 0x7c;
    b.codes[5] = 0x38;
    b.codes[k + 5] = (byte) 0xb8;
    b.codes[2 * k + 5] = 0;
    MemorySegment c = GemmFixture.floats(new float[3]);
    HostFp8Gemm.nt(one, a.operand(), b.operand(), c, 1, 3, k, false);
    assertThat(GemmFixture.toArray(c, 3))
        .containsExactly(Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN);
  }

  @Test
  void noRowsIsNoWorkAndNoInnerDimensionIsZero() {
    MemorySegment none = GemmFixture.bytes(new byte[0]);
    MemorySegment y = GemmFixture.floats(new float[] {1, 2, 3});
    HostFp8Gemm.fprop(two, none, none, bytes(3 * 5), GemmFixture.floats(new float[1]), y, 0, 3, 5);
    assertThat(GemmFixture.toArray(y, 3)).containsExactly(1, 2, 3);
    HostFp8Gemm.fprop(two, none, none, none, none, y, 1, 3, 0);
    assertThat(GemmFixture.toArray(y, 3)).containsOnly(0f);
  }

  private static MemorySegment bytes(int n) {
    return GemmFixture.bytes(new byte[n]);
  }

  @Test
  void missingScalesAreNamed() {
    MemorySegment y = GemmFixture.floats(new float[4]);
    assertThatThrownBy(
            () ->
                HostFp8Gemm.fprop(
                    one,
                    bytes(2 * 200),
                    GemmFixture.floats(new float[2]),
                    bytes(2 * 200),
                    GemmFixture.floats(new float[2]),
                    y,
                    2,
                    2,
                    200))
        .hasMessage("a scales: expected at least 16 bytes for [2, 2] with row stride 2, found 8");
  }
}
