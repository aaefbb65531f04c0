package org.foretoken.kernels.graph;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SignatureTest {
  private final Graph graph = new Graph("g");

  private Tensor t(DType dtype, int... dims) {
    return graph.transientTensor("t", dtype, dims);
  }

  private static void check(
      String text, Map<String, Integer> bound, List<Tensor> in, Tensor... out) {
    Signature.parse(text).check("here", bound, in, List.of(out));
  }

  @Test
  void symbolsStandForTheSameExtentEverywhere() {
    String text = "x F32[N,E], weight F32[E] -> y F32[N,E], rstd F32[N]";
    List<Tensor> in = List.of(t(DType.F32, 3, 5), t(DType.F32, 5));
    assertThatCode(() -> check(text, Map.of(), in, t(DType.F32, 3, 5), t(DType.F32, 3)))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> check(text, Map.of(), in, t(DType.F32, 3, 5), t(DType.F32, 4)))
        .isInstanceOf(GraphException.class)
        .hasMessageStartingWith("here: operand 'rstd' expected F32[N] with {")
        .hasMessageContaining("N=3")
        .hasMessageEndingWith("F32[4]");
    assertThatThrownBy(
            () -> check(text, Map.of(), List.of(t(DType.F32, 3, 5), t(DType.F32, 6)), t(DType.F32)))
        .hasMessageContaining("expected 2 inputs and 2 outputs (" + text + "), found 2 and 1");
  }

  @Test
  void quotientsRoundUp() {
    String text = "x F32[M,K] -> scales F32[M,K/128]";
    for (int k : new int[] {1, 128, 129, 256, 257}) {
      int tiles = (k + 127) / 128;
      assertThatCode(
              () -> check(text, Map.of(), List.of(t(DType.F32, 2, k)), t(DType.F32, 2, tiles)))
          .doesNotThrowAnyException();
      assertThatThrownBy(
              () -> check(text, Map.of(), List.of(t(DType.F32, 2, k)), t(DType.F32, 2, tiles + 1)))
          .hasMessageContaining("operand 'scales' expected F32[M,K/128]");
    }
  }

  @Test
  void numbersBindingsTypesAndRanksAreHeldTo() {
    List<Tensor> hyper = List.of(t(DType.F32, 8));
    assertThatCode(() -> check("h F32[8] -> y F32[C]", Map.of("C", 6), hyper, t(DType.F32, 6)))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> check("h F32[8] -> y F32[C]", Map.of("C", 6), hyper, t(DType.F32, 7)))
        .hasMessageContaining("operand 'y' expected F32[C] with {C=6}");
    assertThatThrownBy(() -> check("h F32[9] -> y F32[1]", Map.of(), hyper, t(DType.F32, 1)))
        .hasMessageContaining("operand 'h' expected F32[9]");
    assertThatCode(() -> check("h F32[8] -> y E4M3|E5M2[8]", Map.of(), hyper, t(DType.E5M2, 8)))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> check("h F32[8] -> y E4M3|E5M2[8]", Map.of(), hyper, t(DType.BF16, 8)))
        .hasMessageContaining("operand 'y' expected E4M3|E5M2[8]")
        .hasMessageContaining("BF16[8]");
    assertThatThrownBy(() -> check("h F32[8] -> y F32[A]", Map.of(), hyper, t(DType.F32, 8, 1)))
        .hasMessageContaining("operand 'y' expected F32[A]");
  }

  @Test
  void starAcceptsAnyShapeButOneForAll() {
    String text = "a F32[*], b F32[*] -> +y F32|BF16[*]";
    for (int[] dims : new int[][] {{4}, {2, 3}, {2, 1, 5}}) {
      assertThatCode(
              () ->
                  check(
                      text,
                      Map.of(),
                      List.of(t(DType.F32, dims), t(DType.F32, dims)),
                      t(DType.BF16, dims)))
          .doesNotThrowAnyException();
    }
    assertThatThrownBy(
            () ->
                check(
                    text, Map.of(), List.of(t(DType.F32, 4), t(DType.F32, 2, 2)), t(DType.F32, 4)))
        .hasMessageContaining("operand 'b' expected F32[*]");
  }

  @Test
  void updatedOperandsAreMarked() {
    Signature s = Signature.parse("x F32[*] -> y F32[*], +sum F32[1]");
    org.assertj.core.api.Assertions.assertThat(s.updates(0)).isFalse();
    org.assertj.core.api.Assertions.assertThat(s.updates(1)).isTrue();
    org.assertj.core.api.Assertions.assertThat(s.writeName(1)).isEqualTo("sum");
    assertThatThrownBy(() -> Signature.parse("x F32[*]"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected one '->'");
  }
}
