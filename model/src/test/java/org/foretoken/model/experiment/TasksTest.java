package org.foretoken.model.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Role;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;
import org.junit.jupiter.api.Test;

class TasksTest {
  @Test
  void arithmeticIsThatOfPolynomialsModuloSevenAndXToTheFifth() {
    int[] p = {1, 2, 0, 0, 3};
    int[] q = {0, 1, 0, 0, 6};
    assertThat(Polynomials.negated(p)).containsExactly(6, 5, 0, 0, 4);
    assertThat(Polynomials.sum(p, q)).containsExactly(1, 3, 0, 0, 2);
    // (1 + 2x + 3x^4)(x + 6x^4) = x + 2x^2 + 6x^4 + ...
    assertThat(Polynomials.product(p, q)).containsExactly(0, 1, 2, 0, 6);
    // p(x + 6x^4) = 1 + 2x + 12x^4 + 3x^4 + ...
    assertThat(Polynomials.composed(p, q)).containsExactly(1, 2, 0, 0, 1);
    assertThat(Polynomials.composed(p, new int[] {0, 1, 0, 0, 0})).containsExactly(p);
  }

  @Test
  void anExpressionIsWrittenWithItsValue() {
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 200; i++) {
      int m = 1 + i % 5;
      String text = new String(Polynomials.example(m, random), StandardCharsets.US_ASCII);
      assertThat(text.chars().filter(c -> "-+*o".indexOf(c) >= 0).count()).isEqualTo(m);
      int equals = text.indexOf('=');
      assertThat(text.length() - equals - 1).isEqualTo(5);
      int[] at = {0};
      StringBuilder value = new StringBuilder();
      for (int c : value(text, at)) {
        value.append(c);
      }
      assertThat(at[0]).isEqualTo(equals);
      assertThat(text.substring(equals + 1)).isEqualTo(value.toString());
      assertThat(text.length()).isLessThanOrEqualTo(41);
    }
  }

  private static int[] value(String text, int[] at) {
    char c = text.charAt(at[0]);
    if (Character.isDigit(c)) {
      int[] p = text.substring(at[0], at[0] + 5).chars().map(d -> d - '0').toArray();
      at[0] += 5;
      return p;
    }
    at[0]++;
    int[] p = value(text, at);
    return switch (c) {
      case '-' -> Polynomials.negated(p);
      case '+' -> Polynomials.sum(p, value(text, at));
      case '*' -> Polynomials.product(p, value(text, at));
      default -> Polynomials.composed(p, value(text, at));
    };
  }

  @Test
  void secondCapitalsAreKnownFromTheSecondTimeOn() {
    int[] story = "to AB and CD saw AB CD ".chars().toArray();
    int[] roles = Induction.roles(story);
    assertThat(roles[4]).isEqualTo(1);
    assertThat(roles[11]).isEqualTo(1);
    assertThat(roles[18]).isEqualTo(2);
    assertThat(roles[21]).isEqualTo(2);
    assertThat(roles[3]).isZero();
    byte[] made = Induction.story(63, 3, new SplittableRandom(1));
    assertThat(made).hasSize(63);
    assertThat(Induction.roles(Trunks.padded(made, 63))).contains(1).contains(2);
  }

  @Test
  void productsAreCountedTwiceTheirTerms() {
    Graph graph = new Graph("g");
    var a = graph.declare("a", DType.F32, Role.INPUT, 3, 5);
    var b = graph.declare("b", DType.F32, Role.INPUT, 7, 5);
    var c = graph.declare("c", DType.F32, Role.OUTPUT, 3, 7);
    graph.add(
        "p",
        new MatMul(Layout.NT, Precision.F32, false),
        java.util.List.of(a, b),
        java.util.List.of(c));
    assertThat(Flops.of(graph, 1)).isCloseTo(2 * 3 * 5 * 7, within(1e-9));
  }
}
