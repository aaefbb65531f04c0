package org.foretoken.model.experiment;

import org.foretoken.kernels.graph.Graph;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Shape;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.CrossEntropyEval;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.MatMul;

/** Floating-point operations of a graph's matrix products: two for each product that is added. */
final class Flops {
  private Flops() {}

  /**
   * Counts a graph.
   *
   * @param sequence tokens of a sequence, whose rows attend to half of it on average
   */
  static double of(Graph graph, int sequence) {
    return graph.nodes().stream().mapToDouble(n -> of(n, sequence)).sum();
  }

  private static double of(Node node, int sequence) {
    return switch (node.op()) {
      case MatMul m -> product(node.in(0).shape(), node.in(1).shape(), node.out(0).shape());
      case Fp8MatMul m -> product(node.in(0).shape(), node.in(2).shape(), node.out(0).shape());
      // logits, and their gradients with respect to hidden states and weights
      case CrossEntropyHead h -> 3 * head(node);
      case CrossEntropyEval h -> head(node);
      case Attention a -> attention(node, a.heads() * (a.headDim() + a.valueDim()), sequence);
      // probabilities again, and four gradients: of both factors of both products
      case AttentionGrad a ->
          attention(node, a.heads() * (3 * a.headDim() + 2 * a.valueDim()), sequence);
      default -> 0;
    };
  }

  /** The summed extent squared is (m k) (k n) / (m n). */
  private static double product(Shape a, Shape b, Shape c) {
    return 2 * Math.sqrt((double) a.elements() * b.elements() * c.elements());
  }

  private static double head(Node node) {
    return 2.0 * node.in(0).shape().elements() * node.in(1).rows();
  }

  private static double attention(Node node, int width, int sequence) {
    return 2.0 * node.in(0).rows() * width * sequence / 2;
  }
}
