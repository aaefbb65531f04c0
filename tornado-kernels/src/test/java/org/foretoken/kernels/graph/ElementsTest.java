package org.foretoken.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ElementsTest {
  private static MemorySegment of(DType dtype, double... values) {
    MemorySegment segment = MemorySegment.ofArray(new byte[values.length * dtype.bytes()]);
    for (int i = 0; i < values.length; i++) {
      Elements.set(dtype, segment, i, values[i]);
    }
    return segment;
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void smallIntegersComeBack(DType dtype) {
    MemorySegment segment = of(dtype, 0, 1, -2, 3);
    for (int i = 0; i < 4; i++) {
      assertThat(Elements.get(dtype, segment, i)).isEqualTo(new double[] {0, 1, -2, 3}[i]);
    }
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void neighboursAreOneUnitApart(DType dtype) {
    double step =
        switch (dtype) {
          case F32 -> 0x1p-23;
          case BF16 -> 0x1p-7;
          case E4M3 -> 0x1p-3;
          case E5M2 -> 0x1p-2;
          case E5M6 -> 0x1p-6;
          case I32 -> 1;
        };
    assertThat(Elements.ulps(dtype, of(dtype, 1), of(dtype, 1), 0)).isZero();
    assertThat(Elements.ulps(dtype, of(dtype, 1), of(dtype, 1 + step), 0)).isEqualTo(1);
    assertThat(Elements.ulps(dtype, of(dtype, -1 - step), of(dtype, -1), 0)).isEqualTo(1);
    assertThat(Elements.ulps(dtype, of(dtype, -0.0), of(dtype, 0), 0)).isZero();
    assertThat(Elements.ulps(dtype, of(dtype, -1), of(dtype, 1), 0))
        .isEqualTo(2 * Elements.ulps(dtype, of(dtype, 0), of(dtype, 1), 0));
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16"})
  void aNanIsEqualToANanAlone(DType dtype) {
    MemorySegment nan = of(dtype, Double.NaN);
    assertThat(Elements.ulps(dtype, nan, nan, 0)).isZero();
    assertThat(Elements.ulps(dtype, nan, of(dtype, 1), 0)).isEqualTo(Long.MAX_VALUE);
  }
}
