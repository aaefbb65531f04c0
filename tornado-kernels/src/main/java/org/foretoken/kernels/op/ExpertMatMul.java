package org.foretoken.kernels.op;

import org.foretoken.kernels.graph.Signature;

/**
 * A product for each expert on its own rows, with its own matrix of the stack b [X,out,in]: fprop
 * (NT) c = (c +) a b^T, dgrad (NN) c = (c +) a b, both on rows grouped by expert, and wgrad (TN)
 * c[e] = (c[e] +) a^T b over the rows of expert e. A row's sums are those of {@link MatMul}. The
 * weights of experts without rows are not read; in wgrad their gradient is 0, or stays.
 *
 * @param layout which of the three products
 * @param precision how operands enter the product; accumulation is FP32
 * @param accumulate add to c instead of overwriting it
 */
public record ExpertMatMul(Layout layout, Precision precision, boolean accumulate) implements Op {
  @Override
  public Signature signature() {
    String result = accumulate ? "+c" : "c";
    return Signature.parse(
        switch (layout) {
          case NT -> "a F32[R,K], b F32[X,N,K], segments I32[X,3] -> " + result + " F32[R,N]";
          case NN -> "a F32[R,N], b F32[X,N,K], segments I32[X,3] -> " + result + " F32[R,K]";
          case TN -> "a F32[R,N], b F32[R,K], segments I32[X,3] -> " + result + " F32[X,N,K]";
        });
  }
}
