package org.foretoken.kernels.op;

import java.util.List;
import org.foretoken.kernels.graph.Signature;
import org.foretoken.kernels.graph.Tensor;

/**
 * {@link Fp8MatMul} for each expert on its own rows: the grouped GEMM of DeepSeek-V3 (section
 * 3.3.2). Weights w [X,out,in] are in 128x128 blocks that start anew with each expert; in wgrad
 * (TN) both operands are in 128x1 tiles that do, see {@link Segments}. The weights of experts
 * without rows are not read; in wgrad their gradient is 0, or stays.
 *
 * @param layout which of the three products
 * @param accumulate add to c instead of overwriting it
 */
public record ExpertFp8MatMul(Layout layout, boolean accumulate) implements Op {
  @Override
  public Signature signature() {
    String result = accumulate ? "+c" : "c";
    return Signature.parse(
        switch (layout) {
          case NT ->
              "x E4M3|E5M2[R,K], xScales F32[R,K/128], w E4M3|E5M2[X,N,K],"
                  + " wScales F32[X,N/128,K/128], segments I32[X,3] -> "
                  + result
                  + " F32[R,N]";
          case NN ->
              "dy E4M3|E5M2[R,N], dyScales F32[R,N/128], w E4M3|E5M2[X,N,K],"
                  + " wScales F32[X,N/128,K/128], segments I32[X,3] -> "
                  + result
                  + " F32[R,K]";
          case TN ->
              "dy E4M3|E5M2[R,N], dyScales F32[S,N], x E4M3|E5M2[R,K],"
                  + " xScales F32[S,K], segments I32[X,3] -> "
                  + result
                  + " F32[X,N,K]";
        });
  }

  @Override
  public void validate(String where, List<Tensor> reads, List<Tensor> writes) {
    if (layout == Layout.TN) {
      int experts = reads.get(4).rows();
      Segments.checkTiles(where, reads.get(0), experts, List.of(reads.get(1), reads.get(3)));
    }
  }
}
