package org.foretoken.kernels.graph;

import java.util.List;
import org.foretoken.kernels.op.Op;

/**
 * One operation of a graph on its operands.
 *
 * @param index position in program order
 * @param label path of the layer that emitted it, such as {@code
 *     model.layers.0.mlp.down_proj/fprop}
 * @param op what is computed
 * @param reads operands that are only read, in the order of the operation's signature
 * @param writes operands that are written, or updated where the signature says so
 */
public record Node(int index, String label, Op op, List<Tensor> reads, List<Tensor> writes) {
  /** Copies the operand lists. */
  public Node {
    reads = List.copyOf(reads);
    writes = List.copyOf(writes);
  }

  /** The {@code i}-th operand that is read. */
  public Tensor in(int i) {
    return reads.get(i);
  }

  /** The {@code i}-th operand that is written. */
  public Tensor out(int i) {
    return writes.get(i);
  }

  /** Whether the {@code i}-th written operand is updated, that is, read first. */
  public boolean updates(int i) {
    return op.signature().updates(i);
  }
}
