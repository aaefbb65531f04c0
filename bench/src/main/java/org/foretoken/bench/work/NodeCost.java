package org.foretoken.bench.work;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.CrossEntropyHead;
import org.foretoken.kernels.op.ExpertFp8MatMul;
import org.foretoken.kernels.op.ExpertMatMul;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;

/**
 * What a node has to do at least: the multiply-adds of its products, and the bytes of its operands.
 * Elementwise work counts no operations; causal attention counts half of the square of one
 * document.
 */
final class NodeCost {
  private NodeCost() {}

  /** Floating-point operations, two a multiply-add. */
  static double flop(Node node) {
    return switch (node.op()) {
      case MatMul op -> product(node, op.layout(), node.in(0));
      case Fp8MatMul op -> product(node, op.layout(), node.in(0));
      case ExpertMatMul op -> experts(node, op.layout(), node.in(0), node.in(1));
      case ExpertFp8MatMul op -> experts(node, op.layout(), node.in(0), node.in(2));
      case Attention op -> pairs(node) * 2 * op.heads() * (op.headDim() + op.valueDim());
      case AttentionGrad op ->
          // s = q k^T again, dp = dO v^T, dv, dk, dq
          pairs(node) * 2 * op.heads() * (3.0 * op.headDim() + 2.0 * op.valueDim());
      case CrossEntropyHead op ->
          3 * 2.0 * node.in(0).rows() * node.in(0).columns() * node.in(1).rows();
      default -> 0;
    };
  }

  private static double product(Node node, Layout layout, Tensor left) {
    double inner = layout == Layout.TN ? left.rows() : left.columns();
    return 2 * inner * node.out(0).shape().elements();
  }

  /** Each row is multiplied by the matrix of its one expert, or added to that one's gradient. */
  private static double experts(Node node, Layout layout, Tensor left, Tensor right) {
    int across = layout == Layout.TN ? right.columns() : node.out(0).columns();
    return 2.0 * left.shape().elements() * across;
  }

  private static double pairs(Node node) {
    double t = node.in(0).rows();
    return t * (t + 1) / 2;
  }

  /** Bytes of everything read, written, and read again where it is updated. */
  static double bytes(Node node) {
    double bytes = 0;
    for (Tensor t : node.reads()) {
      bytes += t.bytes();
    }
    for (int i = 0; i < node.writes().size(); i++) {
      bytes += node.out(i).bytes() * (node.updates(i) ? 2.0 : 1.0);
    }
    return bytes;
  }
}
