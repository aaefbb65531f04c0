package org.foretoken.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FormatsTest {
  @ParameterizedTest
  @CsvSource({
    "FP32, 32, 8, 23, 127, 0x1.fffffep127, 0x1p-126, 0x1p-149, true, true",
    "TF32, 19, 8, 10, 127, 0x1.ffcp127, 0x1p-126, 0x1p-136, true, true",
    "BF16, 16, 8, 7, 127, 0x1.fep127, 0x1p-126, 0x1p-133, true, true",
    "FP16, 16, 5, 10, 15, 65504, 0x1p-14, 0x1p-24, true, true",
    "E5M6, 12, 5, 6, 15, 65024, 0x1p-14, 0x1p-20, true, true",
    "E4M3, 8, 4, 3, 7, 448, 0x1p-6, 0x1p-9, false, true",
    "E5M2, 8, 5, 2, 15, 57344, 0x1p-14, 0x1p-16, true, true",
    "E8M0, 8, 8, 0, 127, 0x1p127, 0x1p-127, 0x1p-127, false, true",
    "INT8, 8, 0, 7, 0, 127, 1, 1, false, false",
    "E2M1, 4, 2, 1, 1, 6, 1, 0.5, false, false"
  })
  void hasItsFieldsAndRange(
      String name,
      int bits,
      int exponentBits,
      int mantissaBits,
      int bias,
      double max,
      double minNormal,
      double minPositive,
      boolean infinity,
      boolean nan) {
    Format format = Formats.byName(name);
    assertThat(format.name()).isEqualTo(name);
    assertThat(format.bits()).isEqualTo(bits);
    assertThat(format.codes()).isEqualTo(1L << bits);
    assertThat(format.exponentBits()).isEqualTo(exponentBits);
    assertThat(format.mantissaBits()).isEqualTo(mantissaBits);
    assertThat(format.bias()).isEqualTo(bias);
    assertThat(format.max()).isEqualTo(max);
    assertThat(format.minNormal()).isEqualTo(minNormal);
    assertThat(format.minPositive()).isEqualTo(minPositive);
    assertThat(format.hasInfinity()).isEqualTo(infinity);
    assertThat(format.hasNan()).isEqualTo(nan);
    assertThat(format.signed()).isEqualTo(!name.equals("E8M0"));
    assertThat(format.min())
        .isEqualTo(
            switch (name) {
              case "E8M0" -> 0x1p-127;
              case "INT8" -> -128;
              default -> -max;
            });
  }

  @ParameterizedTest
  @ValueSource(strings = {"float8_e4m3fn", "F8_E4M3", "e4m3fn", " E4M3 "})
  void understandsOtherNames(String name) {
    assertThat(Formats.byName(name)).isSameAs(Formats.E4M3);
    assertThat(Formats.byName("float8_e8m0fnu")).isSameAs(Formats.E8M0);
    assertThat(Formats.byName("float4_e2m1fn_x2")).isSameAs(Formats.E2M1);
  }

  @Test
  void refusesAnUnknownName() {
    assertThatThrownBy(() -> Formats.byName("E3M4"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("E5M2")
        .hasMessageContaining("'E3M4'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"BF16", "FP16", "E5M6", "E4M3", "E5M2", "E2M1"})
  void decodesEveryCodeExactly(String name) {
    Format format = Formats.byName(name);
    int half = 1 << format.bits() - 1;
    int allOnes = half - (1 << format.mantissaBits());
    for (int code = 0; code < 2 * half; code++) {
      int low = code % half;
      double expected =
          ExactOracle.magnitude(low, format.exponentBits(), format.mantissaBits(), format.bias());
      if (format.hasInfinity() && low >= allOnes) {
        expected = low == allOnes ? Double.POSITIVE_INFINITY : Double.NaN;
      } else if (name.equals("E4M3") && low == 0x7f) {
        expected = Double.NaN;
      }
      double signed = code < half ? expected : -expected;
      assertThat(Double.compare(format.decode(code), signed)).as("%s %x", name, code).isZero();
      assertThat(format.decode(code | 0xffff_ffff << format.bits())).isEqualTo((Double) signed);
    }
  }

  @Test
  void decodesIntegersAndPowersOfTwo() {
    for (int code = 0; code < 256; code++) {
      assertThat(Formats.INT8.decode(code)).isEqualTo(code < 128 ? code : code - 256);
      double power = code == 255 ? Double.NaN : Math.pow(2, code - 127);
      assertThat(Formats.E8M0.decode(code)).isEqualTo((Double) power);
    }
  }

  @Test
  void agreesWithJavaAboutBinary32AndBinary16() {
    SplittableRandom random = new SplittableRandom(11);
    for (int i = 0; i < 30_000; i++) {
      int bits = random.nextInt();
      float single = Float.intBitsToFloat(bits);
      assertThat(Formats.FP32.decode(bits)).isEqualTo((Double) (double) single);
      double value = Double.longBitsToDouble(random.nextLong());
      double near = single * (1 + 0x1p-24 * random.nextInt(3));
      for (double x : new double[] {single, value, near}) {
        if (!Double.isNaN(x)) {
          assertThat(ieee(Formats.FP32, x)).isEqualTo(Float.floatToRawIntBits((float) x));
          float narrow = (float) x;
          assertThat(ieee(Formats.FP16, narrow)).isEqualTo(Float.floatToFloat16(narrow) & 0xffff);
          assertThat(ieee(Formats.BF16, narrow)).isEqualTo(Bf16.encode(narrow) & 0xffff);
        }
      }
    }
  }

  @Test
  void roundsADoubleOnce() {
    // Through FP32 this is the tie 1.0625, which goes down to 1; straight it is above the tie.
    double value = 1.0625 + 0x1p-40;
    assertThat(Formats.E4M3.encode(value)).isEqualTo(0x39);
    assertThat(Formats.E4M3.encode((float) value)).isEqualTo(0x38);
  }

  @ParameterizedTest
  @ValueSource(strings = {"E5M6", "E4M3", "E5M2", "E2M1"})
  void encodesNearestEvenEverywhere(String name) {
    Format format = Formats.byName(name);
    double[] values =
        LongStream.rangeClosed(0, format.maxIndex(false) + 1)
            .mapToDouble(
                index ->
                    ExactOracle.magnitude(
                        (int) index,
                        format.exponentBits() + 1,
                        format.mantissaBits(),
                        format.bias()))
            .toArray();
    for (int i = 0; i + 1 < values.length; i++) {
      double middle = (values[i] + values[i + 1]) / 2;
      for (double x :
          new double[] {values[i], Math.nextDown(middle), middle, Math.nextUp(middle)}) {
        int nearest = ExactOracle.nearest(Math.max(x, 0), values);
        long expected = Math.min(nearest, format.maxIndex(false));
        assertThat(format.encode(x)).as("%s %s", name, x).isEqualTo((int) expected);
        assertThat(format.encode(-x)).isEqualTo((int) (expected | format.codes() / 2));
        assertThat(format.encode(x, Rounding.TOWARD_ZERO, Overflow.IEEE, 0)).isEqualTo(i);
      }
    }
  }

  @Test
  void overflowsAsAsked() {
    assertThat(Formats.E4M3.encode(1e30)).isEqualTo(0x7e);
    assertThat(Formats.E4M3.encode(Double.NEGATIVE_INFINITY)).isEqualTo(0xfe);
    assertThat(ieee(Formats.E4M3, 464)).isEqualTo(0x7e);
    assertThat(ieee(Formats.E4M3, -464.001)).isEqualTo(0xff);
    assertThat(ieee(Formats.E4M3, Double.POSITIVE_INFINITY)).isEqualTo(0x7f);
    assertThat(ieee(Formats.E5M2, 61440)).isEqualTo(0x7c);
    assertThat(Formats.E5M2.encode(61440)).isEqualTo(0x7b);
    assertThat(ieee(Formats.E5M2, Double.NEGATIVE_INFINITY)).isEqualTo(0xfc);
    assertThat(ieee(Formats.E8M0, 0x1.8p127)).isEqualTo(0xff);
    assertThat(Formats.E8M0.encode(0x1.8p127)).isEqualTo(0xfe);
    for (Format format : new Format[] {Formats.E4M3, Formats.E5M2}) {
      int max = (int) format.maxIndex(false);
      for (double x : new double[] {1e30, Double.MAX_VALUE}) {
        assertThat(format.encode(x, Rounding.TOWARD_ZERO, Overflow.IEEE, 0)).isEqualTo(max);
      }
      assertThat(format.decode(format.encode(1.0 / 0, Rounding.TOWARD_ZERO, Overflow.IEEE, 0)))
          .isNotEqualTo(format.max());
    }
    assertThat(Formats.INT8.encode(1000)).isEqualTo(0x7f);
    assertThat(Formats.INT8.encode(-1000)).isEqualTo(0x80);
    assertThat(Formats.E2M1.encode(-7)).isEqualTo(0xf);
    for (Format format : new Format[] {Formats.INT8, Formats.E2M1}) {
      assertThatThrownBy(() -> ieee(format, 1000))
          .isInstanceOf(InputException.class)
          .hasMessageContaining(format.name())
          .hasMessageContaining("1000");
      assertThatThrownBy(() -> format.encode(Double.NaN))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("NaN");
    }
  }

  @Test
  void roundsIntegersToEven() {
    double[] values = {0.5, 1.5, 2.5, 2.51, 3.5, -0.5, -1.5, -2.5, -128.5, 126.5, 127.5};
    int[] expected = {0, 2, 2, 3, 4, 0, -2, -2, -128, 126, 127};
    for (int i = 0; i < values.length; i++) {
      assertThat((byte) Formats.INT8.encode(values[i])).isEqualTo((byte) expected[i]);
    }
  }

  @Test
  void keepsNanAndTheSignOfZero() {
    for (Format format : Formats.ALL) {
      if (format.hasNan()) {
        assertThat(format.decode(format.encode(Double.NaN))).isNaN();
      }
      if (format.signed() && format != Formats.INT8) {
        assertThat(format.encode(-0.0)).isEqualTo((int) (format.codes() >> 1));
        assertThat(1 / format.round(-0.0)).isEqualTo(Double.NEGATIVE_INFINITY);
      }
      assertThat(format.encode(0.0)).isZero();
    }
    double negativeNan = Double.longBitsToDouble(0xfff8_0000_0000_0000L);
    assertThat(Formats.E4M3.encode(negativeNan)).isEqualTo(0xff);
    assertThat(Formats.E5M2.encode(negativeNan)).isEqualTo(0xfe);
    assertThat(Formats.FP32.encode(Double.NaN)).isEqualTo(0x7fc0_0000);
    assertThat(Formats.INT8.encode(-0.0)).isZero();
  }

  @Test
  void roundsPowersOfTwo() {
    Format e8m0 = Formats.E8M0;
    assertThat(e8m0.encode(1)).isEqualTo(127);
    assertThat(e8m0.encode(Math.nextDown(1.5))).isEqualTo(127);
    assertThat(e8m0.encode(1.5)).isEqualTo(128);
    assertThat(e8m0.encode(1.75)).isEqualTo(128);
    assertThat(e8m0.encode(1.99, Rounding.TOWARD_ZERO, Overflow.SATURATE, 0)).isEqualTo(127);
    assertThat(e8m0.encode(0x1.4p-127)).isEqualTo(0);
    assertThat(e8m0.encode(0x1.8p-127)).isEqualTo(1);
    assertThat(e8m0.encode(0x1p-140)).isZero();
    assertThat(e8m0.encode(-1)).isEqualTo(0xff);
    assertThat(e8m0.encode(-0.0)).isZero();
    assertThat(e8m0.ulp(3)).isEqualTo(2);
    assertThat(e8m0.ulp(0)).isEqualTo(0x1p-127);
    assertThat(e8m0.ulp(1e300)).isEqualTo(0x1p127);
  }

  @Test
  void knowsItsUlp() {
    assertThat(Formats.E4M3.ulp(0)).isEqualTo(0x1p-9);
    assertThat(Formats.E4M3.ulp(0x1p-6)).isEqualTo(0x1p-9);
    assertThat(Formats.E4M3.ulp(-1)).isEqualTo(0.125);
    assertThat(Formats.E4M3.ulp(1.9)).isEqualTo(0.125);
    assertThat(Formats.E4M3.ulp(448)).isEqualTo(32);
    assertThat(Formats.E4M3.ulp(1e9)).isEqualTo(32);
    assertThat(Formats.E2M1.ulp(2)).isEqualTo(1);
    assertThat(Formats.INT8.ulp(77)).isEqualTo(1);
    for (Format format : Formats.ALL) {
      assertThat(format.ulp(Double.NaN)).isNaN();
      assertThat(format.ulp(Double.MAX_VALUE)).isEqualTo(format.ulp(format.max()));
      assertThat(format.ulp(Double.NEGATIVE_INFINITY)).isEqualTo(Double.POSITIVE_INFINITY);
    }
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 10_000; i++) {
      float x = Float.intBitsToFloat(random.nextInt());
      if (Float.isFinite(x)) {
        assertThat(Formats.FP32.ulp(x)).isEqualTo(Math.ulp(x));
      }
    }
  }

  @Test
  void e4m3HasTheNumbersOfTheSpecification() {
    long finite =
        FormatTable.rows(Formats.E4M3).stream().filter(row -> Double.isFinite(row.value())).count();
    assertThat(finite).isEqualTo(254);
    assertThat(FormatTable.rows(Formats.E4M3))
        .filteredOn(row -> row.kind() == FormatTable.Kind.NAN)
        .extracting(FormatTable.Row::code)
        .containsExactly(0x7f, 0xff);
    assertThat(Formats.E4M3.encode(1.0625)).isEqualTo(0x38);
    assertThat(Formats.E4M3.encode(1.1875)).isEqualTo(0x3a);
    assertThat(Formats.E4M3.encode(0x1p-10)).isZero();
  }

  private static int ieee(Format format, double value) {
    return format.encode(value, Rounding.NEAREST_EVEN, Overflow.IEEE, 0);
  }
}
