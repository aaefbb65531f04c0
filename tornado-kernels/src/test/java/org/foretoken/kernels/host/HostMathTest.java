package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;

import java.util.Random;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class HostMathTest {
  private static float[] exp(float[] x) {
    float[] y = new float[x.length];
    for (int i = 0; i < x.length; i += LANES) {
      HostMath.exp(FloatVector.fromArray(F, x, i)).intoArray(y, i);
    }
    return y;
  }

  @Test
  void expIsWithinTwoUlpOverTheWholeRangeAndScalarIsEqual() {
    Random random = new Random(1);
    int n = 1 << 20;
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] =
          switch (i % 4) {
            case 0 -> -110f + 220f * random.nextFloat();
            case 1 -> Float.intBitsToFloat(random.nextInt());
            case 2 -> -104f + 17f * random.nextFloat();
            default -> (float) random.nextGaussian();
          };
    }
    float[] y = exp(x);
    double worst = 0;
    for (int i = 0; i < n; i++) {
      assertThat(Float.floatToIntBits(HostMath.exp(x[i])))
          .as("scalar exp(%s)", x[i])
          .isEqualTo(Float.floatToIntBits(y[i]));
      double exact = Math.exp(x[i]);
      if (Float.isNaN(x[i])) {
        assertThat(y[i]).isNaN();
      } else if (exact > Float.MAX_VALUE) {
        assertThat(y[i]).as("exp(%s)", x[i]).isGreaterThanOrEqualTo(Float.MAX_VALUE);
      } else {
        double ulp = Math.ulp((float) exact);
        worst = Math.max(worst, Math.abs(y[i] - exact) / ulp);
        assertThat(Math.abs(y[i] - exact) / ulp).as("ulps of exp(%s)", x[i]).isLessThanOrEqualTo(2);
      }
    }
    assertThat(worst).isBetween(0.4, 2.0);
  }

  @Test
  void exp2IsWithinOneUlpOfNormalResultsAndScalarIsEqual() {
    Random random = new Random(2);
    int n = 1 << 20;
    float[] x = new float[n];
    float[] y = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = i % 2 == 0 ? -128f + 255f * random.nextFloat() : -4f * random.nextFloat();
    }
    x[0] = Float.NEGATIVE_INFINITY;
    x[1] = 0f;
    x[2] = Float.NaN;
    x[3] = -126f;
    for (int i = 0; i < n; i += LANES) {
      HostMath.exp2(FloatVector.fromArray(F, x, i)).intoArray(y, i);
    }
    for (int i = 0; i < n; i++) {
      assertThat(Float.floatToIntBits(HostMath.exp2(x[i])))
          .as("scalar exp2(%s)", x[i])
          .isEqualTo(Float.floatToIntBits(y[i]));
      double exact = Math.pow(2, x[i]);
      if (x[i] < -126f) {
        assertThat(y[i]).as("exp2(%s)", x[i]).isZero();
      } else if (i != 2) {
        double ulps = Math.abs(y[i] - exact) / Math.ulp((float) exact);
        assertThat(ulps).as("ulps of exp2(%s)", x[i]).isLessThanOrEqualTo(1);
      }
    }
    assertThat(y[0]).isZero();
    assertThat(y[1]).isEqualTo(1f);
    assertThat(y[2]).isNaN();
    assertThat(y[3]).isEqualTo(Float.MIN_NORMAL);
  }

  @Test
  void expAtTheEdges() {
    float[] x = new float[LANES];
    float[] edges = {0f, -0f, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY};
    float[] expected = {1f, 1f, 0f, Float.POSITIVE_INFINITY};
    for (int i = 0; i < edges.length; i++) {
      java.util.Arrays.fill(x, edges[i]);
      assertThat(exp(x)[0]).as("exp(%s)", edges[i]).isEqualTo(expected[i]);
    }
  }

  @Test
  void sumAddsEveryLaneOnce() {
    for (int lane = 0; lane < LANES; lane++) {
      float[] x = new float[LANES];
      x[lane] = 3f;
      assertThat(HostMath.sum(FloatVector.fromArray(F, x, 0))).isEqualTo(3f);
    }
  }

  @Test
  void sigmoidIsCloseEverywhere() {
    for (int i = 0; i < 1 << 14; i++) {
      float x = (i - (1 << 13)) / 100f;
      double exact = 1 / (1 + Math.exp(-x));
      double found = HostMath.sigmoid(FloatVector.broadcast(F, x)).lane(0);
      double bound = Math.min(0x1p-23, 1e-5 * exact);
      assertThat(Math.abs(found - exact)).as("sigmoid(%s)", x).isLessThanOrEqualTo(bound);
    }
  }

  @Test
  void sigmoidSaturates() {
    assertThat(HostMath.sigmoid(FloatVector.broadcast(F, 100f)).lane(0)).isEqualTo(1f);
    assertThat(HostMath.sigmoid(FloatVector.broadcast(F, -100f)).lane(0)).isBetween(0f, 2e-38f);
    assertThat(HostMath.sigmoid(FloatVector.zero(F)).lane(0)).isEqualTo(0.5f);
  }
}
