package org.foretoken.fp8;

/**
 * The three products of a linear layer Y = X W^T with X [M, K], W [N, K] and Y [M, N]; all matrices
 * row-major.
 */
public enum GemmLayout {
  /** fprop: Y[M, N] = X[M, K] W[N, K]^T, summed over K. */
  NT,
  /** dgrad: dX[M, K] = dY[M, N] W[N, K], summed over N. */
  NN,
  /** wgrad: dW[N, K] = dY[M, N]^T X[M, K], summed over M. */
  TN;

  /** Rows of the result. */
  public int rows(Fp8Tensor a) {
    return this == TN ? a.columns() : a.rows();
  }

  /** Columns of the result. */
  public int columns(Fp8Tensor b) {
    return this == NT ? b.rows() : b.columns();
  }

  /**
   * Extent of the summed dimension.
   *
   * @throws IllegalArgumentException if the operands do not agree about it
   */
  public int inner(Fp8Tensor a, Fp8Tensor b) {
    int left = this == TN ? a.rows() : a.columns();
    int right = this == NT ? b.columns() : b.rows();
    if (left != right) {
      throw new IllegalArgumentException(
          String.format(
              "%s: expected operands with one inner extent, found %d and %d", this, left, right));
    }
    return left;
  }
}
