package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * The FP8 GEMM with fine-grained scales: products of FP8 codes summed in FP32 over each 128 of the
 * inner dimension, then scaled by both operands' scales and added to c (DeepSeek-V3, section
 * 3.3.2).
 *
 * @param layout which operands are transposed, and so which scales they carry
 * @param accumulate add to c instead of overwriting it
 */
public record Fp8MatMul(Layout layout, boolean accumulate) implements Op {
  @Override
  public Signature signature() {
    String c = accumulate ? "+c" : "c";
    String fp8 = "E4M3|E5M2";
    return Signature.parse(
        switch (layout) {
          case NT ->
              "x "
                  + fp8
                  + "[M,K], xScales F32[M,K/128], w "
                  + fp8
                  + "[N,K], wScales F32[N/128,K/128] -> "
                  + c
                  + " F32[M,N]";
          case NN ->
              "dy "
                  + fp8
                  + "[M,N], dyScales F32[M,N/128], w "
                  + fp8
                  + "[N,K], wScales F32[N/128,K/128] -> "
                  + c
                  + " F32[M,K]";
          case TN ->
              "dy "
                  + fp8
                  + "[M,N], dyScales F32[M/128,N], x "
                  + fp8
                  + "[M,K], xScales F32[M/128,K] -> "
                  + c
                  + " F32[N,K]";
        });
  }
}
