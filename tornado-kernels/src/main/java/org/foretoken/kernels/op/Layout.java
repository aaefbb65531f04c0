package org.foretoken.kernels.op;

/** The three products of a linear layer y = x W^T with W of shape [out, in]. */
public enum Layout {
  /** fprop: c[M,N] = a[M,K] b[N,K]^T. */
  NT,
  /** dgrad: c[M,N] = a[M,K] b[K,N]. */
  NN,
  /** wgrad: c[M,N] = a[K,M]^T b[K,N]. */
  TN
}
