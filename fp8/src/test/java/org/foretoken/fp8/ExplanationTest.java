package org.foretoken.fp8;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ExplanationTest {
  @Test
  void takesATieApart() {
    Explanation tie = Explanation.of(Formats.E4M3, -1.0625);
    assertThat(tie.lower()).isEqualTo(-1);
    assertThat(tie.upper()).isEqualTo(-1.125);
    assertThat(tie.tie()).isTrue();
    assertThat(tie.code()).isEqualTo(0xb8);
    assertThat(tie.bits()).isEqualTo("1 0111 000");
    assertThat(tie.rounded()).isEqualTo(-1);
    assertThat(tie.ulp()).isEqualTo(0.125);
    assertThat(tie.error()).isEqualTo(0.0625);
    assertThat(tie.errorInUlps()).isEqualTo(0.5);
    assertThat(tie.relativeError()).isEqualTo(-0.0625 / 1.0625);
    assertThat(tie.steps())
        .extracting(Step::what, Step::result)
        .contains(
            org.assertj.core.groups.Tuple.tuple("sign", "1"),
            org.assertj.core.groups.Tuple.tuple("exponent field", "7"),
            org.assertj.core.groups.Tuple.tuple("code", "0xB8"));
    assertThat(step(tie, "rounding").how()).contains("even");
  }

  @Test
  void takesAnOrdinaryNumberApart() {
    Explanation ordinary = Explanation.of(Formats.E4M3, 0.3);
    assertThat(ordinary.lower()).isEqualTo(0.28125);
    assertThat(ordinary.upper()).isEqualTo(0.3125);
    assertThat(ordinary.tie()).isFalse();
    assertThat(ordinary.rounded()).isEqualTo(0.3125);
    assertThat(ordinary.code()).isEqualTo(0x2a);
    assertThat(step(ordinary, "exponent").result()).isEqualTo("-2");
    assertThat(step(ordinary, "exponent").how()).isEqualTo("0.3 = 1.2 * 2^-2");
    assertThat(step(ordinary, "rounding").how()).contains("above 0.5");
    Explanation down = Explanation.of(Formats.E4M3, 0.29);
    assertThat(step(down, "rounding").how()).contains("below 0.5");
    assertThat(step(down, "rounding").result()).isEqualTo("toward zero");
  }

  @Test
  void takesSubnormalsZeroAndExactNumbersApart() {
    Explanation subnormal = Explanation.of(Formats.E4M3, 0x1.8p-9);
    assertThat(subnormal.tie()).isTrue();
    assertThat(subnormal.code()).isEqualTo(2);
    assertThat(step(subnormal, "subnormal").how()).contains("2^-6");
    Explanation zero = Explanation.of(Formats.E4M3, -0.0);
    assertThat(zero.code()).isEqualTo(0x80);
    assertThat(zero.relativeError()).isZero();
    assertThat(step(zero, "neighbours").how()).contains("one of the format's");
    Explanation exact = Explanation.of(Formats.INT8, -5);
    assertThat(exact.lower()).isEqualTo(-5).isEqualTo(exact.upper());
    assertThat(exact.bits()).isEqualTo("1 1111011");
  }

  @Test
  void takesOverflowAndSpecialsApart() {
    Explanation large = Explanation.of(Formats.E4M3, -500);
    assertThat(large.lower()).isEqualTo(-448);
    assertThat(large.upper()).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(large.rounded()).isEqualTo(-448);
    assertThat(step(large, "range").how()).isEqualTo("saturating: beyond -448");
    Explanation ieee = Explanation.of(Formats.E5M2, 1e9, Rounding.NEAREST_EVEN, Overflow.IEEE, 0);
    assertThat(ieee.rounded()).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(step(ieee, "range").how()).startsWith("IEEE");
    Explanation nan = Explanation.of(Formats.E4M3, Double.NaN);
    assertThat(nan.rounded()).isNaN();
    assertThat(step(nan, "NaN").result()).isEqualTo("NaN");
    Explanation infinite = Explanation.of(Formats.E4M3, Double.POSITIVE_INFINITY);
    assertThat(infinite.rounded()).isEqualTo(448);
    Explanation negativeScale = Explanation.of(Formats.E8M0, -2);
    assertThat(negativeScale.rounded()).isNaN();
    assertThat(step(negativeScale, "sign").how()).contains("no negative");
  }

  @Test
  void saysHowOtherRoundingsWork() {
    Explanation cut =
        Explanation.of(Formats.E4M3, 1.99, Rounding.TOWARD_ZERO, Overflow.SATURATE, 0);
    assertThat(cut.rounded()).isEqualTo(1.875);
    assertThat(step(cut, "rounding").how()).isEqualTo("toward zero");
    Explanation chance =
        Explanation.of(Formats.E4M3, 1.03125, Rounding.STOCHASTIC, Overflow.SATURATE, 0x3fff_ffffL);
    assertThat(chance.rounded()).isEqualTo(1.125);
    assertThat(step(chance, "rounding").how()).startsWith("up if 0.25 > 0.24999");
    assertThat(
            Explanation.of(
                    Formats.E4M3, 1.03125, Rounding.STOCHASTIC, Overflow.SATURATE, 0x4000_0000L)
                .rounded())
        .isEqualTo(1);
  }

  @Test
  void agreesWithTheCodecEverywhere() {
    for (Format format : Formats.ALL) {
      for (double x : new double[] {0.1, 1, 3.7, 100.3, 447, 1e-7}) {
        Explanation explanation = Explanation.of(format, x);
        assertThat(explanation.code()).isEqualTo(format.encode(x));
        if (x < format.max() && x > format.min()) {
          assertThat(Math.abs(explanation.errorInUlps())).isLessThanOrEqualTo(0.5);
          assertThat(explanation.lower()).isLessThanOrEqualTo(x);
          assertThat(explanation.upper()).isGreaterThanOrEqualTo(x);
        }
      }
    }
  }

  @Test
  void tabulatesEveryCode() {
    List<FormatTable.Row> rows = FormatTable.rows(Formats.E2M1);
    assertThat(rows)
        .extracting(FormatTable.Row::value)
        .containsExactly(0., .5, 1., 1.5, 2., 3., 4., 6., -0., -.5, -1., -1.5, -2., -3., -4., -6.);
    assertThat(rows.get(9).bits()).isEqualTo("1 00 1");
    assertThat(rows.get(9).code()).isEqualTo(9);
    assertThat(rows)
        .extracting(FormatTable.Row::kind)
        .startsWith(
            FormatTable.Kind.ZERO,
            FormatTable.Kind.SUBNORMAL,
            FormatTable.Kind.NORMAL,
            FormatTable.Kind.NORMAL);
    assertThat(FormatTable.row(Formats.E5M2, 0xfc).kind()).isEqualTo(FormatTable.Kind.INFINITY);
    assertThat(FormatTable.row(Formats.E8M0, 3).bits()).isEqualTo("00000011");
    assertThat(FormatTable.rows(Formats.FP16)).hasSize(65536);
    assertThatThrownBy(() -> FormatTable.rows(Formats.TF32))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("19");
  }

  private static Step step(Explanation explanation, String what) {
    return explanation.steps().stream()
        .filter(step -> step.what().equals(what))
        .findFirst()
        .orElseThrow();
  }
}
