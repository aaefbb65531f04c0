package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * c = (c +) the product of a and b in the given layout.
 *
 * @param layout which operands are transposed
 * @param precision how operands enter the product; accumulation is FP32
 * @param accumulate add to c instead of overwriting it
 */
public record MatMul(Layout layout, Precision precision, boolean accumulate) implements Op {
  @Override
  public Signature signature() {
    String c = accumulate ? "+c" : "c";
    return Signature.parse(
        switch (layout) {
          case NT -> "a F32[M,K], b F32[N,K] -> " + c + " F32[M,N]";
          case NN -> "a F32[M,K], b F32[K,N] -> " + c + " F32[M,N]";
          case TN -> "a F32[K,M], b F32[K,N] -> " + c + " F32[M,N]";
        });
  }
}
