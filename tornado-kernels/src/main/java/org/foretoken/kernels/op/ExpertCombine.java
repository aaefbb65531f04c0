package org.foretoken.kernels.op;

import java.util.List;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * y[n] = sum over k, ascending, of gates[n,k] * x[positions[n,k]]: what a row's experts made of it.
 *
 * <p>{@code x F32[R,E], positions I32[N,K], gates F32[N,K] -> y F32[N,E]}, R = N * K
 */
public record ExpertCombine() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse("x F32[R,E], positions I32[N,K], gates F32[N,K] -> y F32[N,E]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public void validate(String where, List<Tensor> reads, List<Tensor> writes) {
    Segments.checkRows(where, reads.get(0), reads.get(1));
  }
}
