package org.foretoken.kernels.op;

import java.util.List;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * Gradient of {@link ExpertCombine}: dx[positions[n,k]] = gates[n,k] * dy[n]; dGates[n,k] =
 * x[positions[n,k]] . dy[n].
 *
 * <p>{@code x F32[R,E], positions I32[N,K], gates F32[N,K], dy F32[N,E] -> dx F32[R,E], dGates
 * F32[N,K]}, R = N * K
 */
public record ExpertCombineGrad() implements Op {
  private static final Signature SIGNATURE =
      Signature.parse(
          "x F32[R,E], positions I32[N,K], gates F32[N,K], dy F32[N,E] -> dx F32[R,E], dGates"
              + " F32[N,K]");

  @Override
  public Signature signature() {
    return SIGNATURE;
  }

  @Override
  public void validate(String where, List<Tensor> reads, List<Tensor> writes) {
    Segments.checkRows(where, reads.get(0), reads.get(1));
  }
}
