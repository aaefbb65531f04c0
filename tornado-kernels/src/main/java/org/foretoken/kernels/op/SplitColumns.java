package org.foretoken.kernels.op;

import java.util.List;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * [a ; b] = y, row by row; C = A + B.
 *
 * <p>{@code y F32[N,C] -> a F32[N,A], b F32[N,B]}
 */
public record SplitColumns() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("y F32[N,C] -> a F32[N,A], b F32[N,B]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public void validate(String where, List<Tensor> reads, List<Tensor> writes) {
    Tensor whole = reads.get(0);
    int parts = writes.get(0).columns() + writes.get(1).columns();
    if (whole.columns() != parts) {
      throw new GraphException(
          where
              + ": operand '"
              + whole
              + "' expected "
              + parts
              + " columns, found "
              + whole.columns());
    }
  }
}
