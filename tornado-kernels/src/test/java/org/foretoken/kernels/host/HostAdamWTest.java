package org.foretoken.kernels.host;

import static org.assertj.core.api.Assertions.assertThat;

import org.foretoken.fp8.Bf16;
import org.foretoken.kernels.op.AdamW;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostAdamWTest {
  private static final float[] HYPER = {1e-2f, 0.9f, 0.95f, 1e-8f, 0.1f, 0.271f, 0.142625f, 1f};

  private static float[] squares(int n) {
    float[] v = OneOp.random(4, n, 0.3);
    for (int i = 0; i < n; i++) {
      v[i] = v[i] * v[i];
    }
    return v;
  }

  private static short[] bf16(float[] x) {
    short[] codes = new short[x.length];
    for (int i = 0; i < x.length; i++) {
      codes[i] = Bf16.encode(x[i]);
    }
    return codes;
  }

  private static OneOp step(boolean decay, int n, float largest, float sumSquares) {
    float[] hyper = HYPER.clone();
    hyper[7] = largest;
    return new OneOp(new AdamW(decay))
        .in("grad", OneOp.random(1, n, 0.5), n)
        .in("hyper", hyper, 8)
        .in("sumSquares", new float[] {sumSquares}, 1);
  }

  @ParameterizedTest
  @CsvSource({
    "1,true,false",
    "13,false,true",
    "207,true,true",
    "40001,true,false",
    "40001,false,true"
  })
  void matchesDoublePrecision(int n, boolean decay, boolean bf16) {
    float[] param = OneOp.random(2, n, 1);
    float[] m = OneOp.random(3, n, 0.1);
    float[] v = squares(n);
    OneOp op = step(decay, n, 1f, 9f).update("param", param, n);
    if (bf16) {
      op.update("m", bf16(m), n).update("v", bf16(v), n);
    } else {
      op.update("m", m, n).update("v", v, n);
    }
    OneOp.Result two = op.run(2);
    float[] grad = OneOp.random(1, n, 0.5);
    double[] p = new double[n];
    double[] newM = new double[n];
    double[] newV = new double[n];
    for (int i = 0; i < n; i++) {
      double g = grad[i] / 3.0;
      double oldM = bf16 ? Bf16.round(m[i]) : m[i];
      double oldV = bf16 ? Bf16.round(v[i]) : v[i];
      newM[i] = HYPER[1] * oldM + (1 - HYPER[1]) * g;
      newV[i] = HYPER[2] * oldV + (1 - HYPER[2]) * g * g;
      double update = newM[i] / HYPER[5] / (Math.sqrt(newV[i] / HYPER[6]) + HYPER[3]);
      p[i] = param[i] - HYPER[0] * (update + (decay ? HYPER[4] * param[i] : 0));
    }
    Close.check("param", two.get("param"), p, 1e-6);
    if (bf16) {
      for (int i = 0; i < n; i++) {
        // Half a unit in the last place of 8 bits, and the FP32 error before.
        assertThat((double) Bf16.decode(two.bf16("m")[i]))
            .isCloseTo(
                newM[i], org.assertj.core.data.Offset.offset(Math.abs(newM[i]) * 0x1.01p-8 + 1e-8));
        assertThat((double) Bf16.decode(two.bf16("v")[i]))
            .isCloseTo(
                newV[i], org.assertj.core.data.Offset.offset(Math.abs(newV[i]) * 0x1.01p-8 + 1e-8));
      }
    } else {
      Close.check("m", two.get("m"), newM, 1e-6);
      Close.check("v", two.get("v"), newV, 1e-6);
    }
    assertThat(op.run(1).bits("param")).isEqualTo(two.bits("param"));
  }

  @Test
  void bf16MomentsAreRoundedToNearestEven() {
    int n = 70;
    float[] zeros = new float[n];
    float[] exact =
        step(false, n, 0f, 9f)
            .update("param", zeros, n)
            .update("m", zeros, n)
            .update("v", zeros, n)
            .run(1)
            .get("m");
    short[] rounded =
        step(false, n, 0f, 9f)
            .update("param", zeros, n)
            .update("m", new short[n], n)
            .update("v", new short[n], n)
            .run(1)
            .bf16("m");
    assertThat(rounded).isEqualTo(bf16(exact));
  }

  @Test
  void smallGradientsAndNoLimitAreNotScaled() {
    int n = 40;
    float[] zeros = new float[n];
    float[] grad = OneOp.random(1, n, 0.5);
    for (float largest : new float[] {0f, 100f}) {
      float[] m =
          step(false, n, largest, 9f)
              .update("param", zeros, n)
              .update("m", zeros, n)
              .update("v", zeros, n)
              .run(1)
              .get("m");
      for (int i = 0; i < n; i++) {
        assertThat(m[i]).isEqualTo(grad[i] * (1f - 0.9f));
      }
    }
  }
}
