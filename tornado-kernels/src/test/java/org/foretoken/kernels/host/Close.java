package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;

/** Comparison of FP32 results with a double-precision loop. */
final class Close {
  private Close() {}

  /** Every element within {@code tolerance} of the expected one, relative to the largest. */
  static void check(String what, float[] found, double[] expected, double tolerance) {
    assertThat(found).as(what).hasSize(expected.length);
    double largest = 1e-2; // below that it is what is left of a cancellation
    for (double e : expected) {
      largest = Math.max(largest, Math.abs(e));
    }
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) found[i])
          .as("%s[%d] of %d", what, i, expected.length)
          .isCloseTo(expected[i], org.assertj.core.data.Offset.offset(tolerance * largest));
    }
  }
}
