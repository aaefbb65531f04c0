package org.foretoken.kernels.op;

import java.util.List;
import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * y = [a ; b], row by row; C = A + B.
 *
 * <p>{@code a F32[N,A], b F32[N,B] -> y F32[N,C]}
 */
public record ConcatColumns() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("a F32[N,A], b F32[N,B] -> y F32[N,C]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public void validate(String where, List<Tensor> reads, List<Tensor> writes) {
    Tensor whole = writes.get(0);
    int parts = reads.get(0).columns() + reads.get(1).columns();
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
