package org.foretoken.bench.suite;

import java.util.Locale;

/**
 * The products of a linear layer y[m, n] = x[m, k] w[n, k]^T: the same m, n and k in three layouts.
 */
public enum Pass {
  /** NT: y[m, n] = x[m, k] w[n, k]^T. */
  FPROP,
  /** NN: dx[m, k] = dy[m, n] w[n, k]. */
  DGRAD,
  /** TN: dw[n, k] = dy[m, n]^T x[m, k]. */
  WGRAD;

  /** Its name in suites and results. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
