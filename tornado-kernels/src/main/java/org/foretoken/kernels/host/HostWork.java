package org.foretoken.kernels.host;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.MatMul;

/**
 * How long a node about takes on one thread. It decides how nodes are laid out on threads, never
 * what they compute, so a factor of two does no harm.
 */
final class HostWork {
  /** A call, its checks and its first loads. */
  private static final double CALL_NANOS = 300;

  private static final double BYTES_PER_NANO = 6;
  private static final double FLOPS_PER_NANO = 40;

  private HostWork() {}

  /** Estimated nanoseconds of {@code node} on one thread. */
  static long nanos(Node node) {
    double bytes = 0;
    for (Tensor t : node.reads()) {
      bytes += t.bytes();
    }
    for (Tensor t : node.writes()) {
      bytes += t.bytes();
    }
    return Math.round(CALL_NANOS + bytes / BYTES_PER_NANO + flops(node) / FLOPS_PER_NANO);
  }

  private static double flops(Node node) {
    return switch (node.op()) {
      case MatMul op -> product(node, node.in(0), node.in(1));
      case Fp8MatMul op -> product(node, node.in(0), node.in(2));
      case Attention op -> square(node);
      case AttentionGrad op -> 2.5 * square(node);
      default -> 0;
    };
  }

  /** The outputs are m*n, the inputs m*k and n*k, in whichever order. */
  private static double product(Node node, Tensor left, Tensor right) {
    double outputs = node.out(0).shape().elements();
    double inputs = (double) left.shape().elements() * right.shape().elements();
    return 2 * outputs * Math.sqrt(inputs / outputs);
  }

  /** As if every row saw half of all the others: documents are known only as it runs. */
  private static double square(Node node) {
    Tensor q = node.in(0);
    return 2.0 * q.rows() * q.rows() * q.columns();
  }
}
