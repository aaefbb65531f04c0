package org.foretoken.kernels.op;

import java.util.List;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * y[positions[n,k]] = x[n]: each row once for each of its experts, grouped by expert.
 *
 * <p>{@code x F32[N,E], positions I32[N,K] -> y F32[R,E]}, R = N * K
 */
public record ExpertDispatch() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("x F32[N,E], positions I32[N,K] -> y F32[R,E]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public void validate(String where, List<Tensor> reads, List<Tensor> writes) {
    Segments.checkRows(where, writes.get(0), reads.get(1));
  }
}
