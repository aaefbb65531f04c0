package org.foretoken.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.foretoken.kernels.op.Add;
import org.foretoken.kernels.op.ConcatColumns;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.SumSquares;
import org.foretoken.kernels.op.Zero;
import org.junit.jupiter.api.Test;

class GraphTest {
  private final Graph graph = new Graph("train");
  private final Tensor x = graph.declare("x", DType.F32, Role.INPUT, 4, 6);

  @Test
  void aShapeThatDoesNotFitNamesGraphOperationAndOperand() {
    Tensor w = graph.declare("w", DType.F32, Role.PARAMETER, 5, 7);
    Tensor y = graph.transientTensor("y", DType.F32, 4, 5);
    MatMul product = new MatMul(Layout.NT, Precision.F32, false);
    assertThatThrownBy(() -> graph.add("proj", product, List.of(x, w), List.of(y)))
        .isInstanceOf(GraphException.class)
        .hasMessageStartingWith(
            "graph 'train', operation 'proj' (MatMul): operand 'b' expected F32[N,K] with {")
        .hasMessageContaining("K=6")
        .hasMessageEndingWith("found w F32[5,7]");
    assertThat(graph.nodes()).isEmpty();
  }

  @Test
  void whatAnOperationChecksItselfNamesIt() {
    Tensor y = graph.transientTensor("y", DType.F32, 4, 11);
    assertThatThrownBy(() -> graph.add("cat", new ConcatColumns(), List.of(x, x), List.of(y)))
        .hasMessage(
            "graph 'train', operation 'cat' (ConcatColumns): operand 'y F32[4,11]' expected 12"
                + " columns, found 11");
  }

  @Test
  void aTransientMustBeWrittenBeforeItIsRead() {
    Tensor a = graph.transientTensor("a", DType.F32, 4, 6);
    Tensor y = graph.transientTensor("y", DType.F32, 4, 6);
    assertThatThrownBy(() -> graph.add("sum", new Add(), List.of(x, a), List.of(y)))
        .hasMessage(
            "graph 'train', operation 'sum' (Add): operand 'a F32[4,6]' is read before anything"
                + " writes it");
    Tensor total = graph.transientTensor("total", DType.F32, 1);
    assertThatThrownBy(() -> graph.add("norm", new SumSquares(), List.of(x), List.of(total)))
        .hasMessageContaining("'total F32[1]' is read before anything writes it");
    graph.add("zero", new Zero(), List.of(), List.of(total));
    assertThat(graph.add("norm", new SumSquares(), List.of(x), List.of(total)).index())
        .isEqualTo(1);
  }

  @Test
  void operandsOfAnotherGraphAreRefused() {
    Tensor stranger = new Graph("other").declare("x", DType.F32, Role.INPUT, 4, 6);
    Tensor y = graph.transientTensor("y", DType.F32, 4, 6);
    assertThatThrownBy(() -> graph.add("sum", new Add(), List.of(x, stranger), List.of(y)))
        .hasMessageContaining("operand 'x F32[4,6]' belongs to another graph");
  }

  @Test
  void residentNamesAreSharedAndTransientNamesAreNumbered() {
    assertThat(graph.declare("x", DType.F32, Role.INPUT, 4, 6)).isSameAs(x);
    assertThatThrownBy(() -> graph.declare("x", DType.F32, Role.INPUT, 4, 7))
        .hasMessage(
            "graph 'train': tensor 'x' declared as INPUT F32[4,7], found INPUT F32[4,6] before");
    assertThatThrownBy(() -> graph.declare("x", DType.F32, Role.STATE, 4, 6))
        .hasMessageContaining("declared as STATE");
    assertThat(graph.transientTensor("h", DType.F32, 1).name()).isEqualTo("h");
    assertThat(graph.transientTensor("h", DType.F32, 1).name()).isEqualTo("h#2");
    assertThat(graph.transientTensor("h", DType.F32, 1).name()).isEqualTo("h#3");
    assertThat(graph.has("h#3")).isTrue();
    assertThatThrownBy(() -> graph.tensor("nothing"))
        .hasMessage("graph 'train': no tensor named 'nothing'");
  }

  @Test
  void shapesAreChecked() {
    assertThatThrownBy(() -> new Shape(2, -1))
        .hasMessageContaining("expected extents >= 0, found -1");
    assertThatThrownBy(() -> new Shape(1 << 30, 1 << 30, 1 << 30))
        .isInstanceOf(ArithmeticException.class);
    assertThat(new Shape(2, 3, 4).elements()).isEqualTo(24);
    assertThat(new Shape(2, 3)).isEqualTo(Shape.of(2, 3)).isNotEqualTo(Shape.of(3, 2));
  }
}
