package org.foretoken.kernels.op;

import java.util.List;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * Gradient of {@link ExpertDispatch}: dx[n] = sum over k, ascending, of dy[positions[n,k]].
 *
 * <p>{@code dy F32[R,E], positions I32[N,K] -> dx F32[N,E]}, R = N * K
 */
public record ExpertDispatchGrad() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("dy F32[R,E], positions I32[N,K] -> dx F32[N,E]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public void validate(String where, List<Tensor> reads, List<Tensor> writes) {
    Segments.checkRows(where, reads.get(0), reads.get(1));
  }
}
