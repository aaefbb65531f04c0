package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.foretoken.kernels.host.HostGemm.Operand;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostPackedWeightTest {
  private final HostPool one = new HostPool(1);
  private final HostPool two = new HostPool(2);

  @AfterAll
  void close() {
    one.close();
    two.close();
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "13, 207", "65, 513", "300, 130", "40, 4098"})
  void productsHaveTheBitsOfTheGemm(int n, int k) {
    float[] w = GemmFixture.gaussian(1, n * k);
    float[] a = GemmFixture.gaussian(2, 70 * k);
    MemorySegment x = GemmFixture.floats(a);
    for (Operand type : Operand.values()) {
      MemorySegment weight = type == Operand.BF16 ? GemmFixture.bf16(w) : GemmFixture.floats(w);
      Operand xType = type == Operand.F32 ? Operand.F32 : Operand.F32_AS_BF16;
      MemorySegment expected = GemmFixture.floats(new float[70 * n]);
      HostGemm.nt(two, x, weight, expected, 70, n, k, false, xType, type);
      HostPackedWeight packed = HostPackedWeight.pack(two, Arena.ofAuto(), weight, n, k, type);
      for (int m : new int[] {1, 2, 3, 4, 5, 8, 9, 16, 70}) {
        for (HostPool pool : List.of(one, two)) {
          MemorySegment y = GemmFixture.floats(GemmFixture.gaussian(3, m * n));
          packed.multiply(pool, x, xType, y, m);
          GemmFixture.assertSameBits(
              type + ", m = " + m,
              GemmFixture.toArray(y, m * n),
              GemmFixture.toArray(expected, m * n));
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "13, 207", "65, 513", "300, 130", "40, 4098"})
  void fp8ProductsHaveTheBitsOfFprop(int n, int k) {
    HostFp8Gemm.Format e4m3 = HostFp8Gemm.Format.E4M3;
    int groups = Math.ceilDiv(k, 128);
    MemorySegment w = GemmFixture.bytes(GemmFixture.codes(4, n * k, e4m3));
    MemorySegment ws = GemmFixture.floats(GemmFixture.scales(5, Math.ceilDiv(n, 128) * groups));
    MemorySegment x = GemmFixture.bytes(GemmFixture.codes(6, 70 * k, e4m3));
    MemorySegment xs = GemmFixture.floats(GemmFixture.scales(7, 70 * groups));
    MemorySegment expected = GemmFixture.floats(new float[70 * n]);
    HostFp8Gemm.fprop(two, x, xs, w, ws, expected, 70, n, k);
    HostPackedWeight narrow = HostPackedWeight.packFp8(two, Arena.ofAuto(), w, ws, n, k);
    HostPackedWeight wide = HostPackedWeight.packFp8Wide(two, Arena.ofAuto(), w, ws, n, k);
    for (HostPackedWeight packed : List.of(narrow, wide)) {
      for (int m : new int[] {1, 2, 3, 4, 5, 8, 9, 16, 70}) {
        for (HostPool pool : List.of(one, two)) {
          MemorySegment y = GemmFixture.floats(GemmFixture.gaussian(8, m * n));
          packed.multiplyFp8(pool, x, xs, y, m);
          GemmFixture.assertSameBits(
              "m = " + m, GemmFixture.toArray(y, m * n), GemmFixture.toArray(expected, m * n));
        }
      }
    }
  }

  @Test
  void nanCodesOfTheWeightReachTheirColumnOnly() {
    int n = 45;
    int k = 300;
    byte[] codes = GemmFixture.codes(9, n * k, HostFp8Gemm.Format.E4M3);
    codes[33 * k + 299] = 0x7f;
    codes[40 * k] = (byte) 0xff;
    MemorySegment ws = GemmFixture.floats(GemmFixture.scales(10, 3));
    HostPackedWeight packed =
        HostPackedWeight.packFp8(one, Arena.ofAuto(), GemmFixture.bytes(codes), ws, n, k);
    MemorySegment x = GemmFixture.bytes(GemmFixture.codes(11, 3 * k, HostFp8Gemm.Format.E4M3));
    MemorySegment xs = GemmFixture.floats(GemmFixture.scales(12, 9));
    MemorySegment y = GemmFixture.floats(new float[3 * n]);
    packed.multiplyFp8(two, x, xs, y, 3);
    float[] found = GemmFixture.toArray(y, 3 * n);
    for (int i = 0; i < found.length; i++) {
      boolean expected = i % n == 33 || i % n == 40;
      if (Float.isNaN(found[i]) != expected) {
        throw new AssertionError("element " + i + ": found " + found[i]);
      }
    }
  }

  @Test
  void theWrongKindOfActivationIsNamed() {
    MemorySegment floats = GemmFixture.floats(new float[16]);
    HostPackedWeight packed = HostPackedWeight.pack(one, Arena.ofAuto(), floats, 4, 4, Operand.F32);
    assertThatThrownBy(() -> packed.multiplyFp8(one, floats, floats, floats, 1))
        .hasMessage("packed weight: expected E4M3 codes, found F32; use multiply");
    assertThatThrownBy(() -> packed.multiply(one, floats, Operand.F32, floats, 5))
        .hasMessageContaining("x: expected at least 80 bytes");
  }
}
