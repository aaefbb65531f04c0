package org.foretoken.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import java.util.function.DoubleUnaryOperator;
import org.foretoken.fp8.E4M3;
import org.foretoken.fp8.E5M2;
import org.junit.jupiter.api.Test;

/**
 * The codecs against ONNX Runtime 1.23's casts on the CPU. Its saturating cast is an oracle for
 * everything, infinity and NaN too. Its other cast is right below the last binade's end only:
 * between 464 and 512 its E4M3 stays at 448, and between 61440 and 65536 its E5M2 is NaN, where
 * rounding to nearest overflows.
 */
class OnnxOracleTest {
  private final float[] values = CastOracleTest.hardFloats(1 << 20, 77);

  @Test
  void saturatesAsOnnxRuntimeDoes() throws OrtException {
    compare(OnnxCasts.FLOAT8E4M3FN, true, x -> E4M3.decode(E4M3.encode((float) x)), 0, 0);
    compare(OnnxCasts.FLOAT8E5M2, true, x -> E5M2.decode(E5M2.encode((float) x)), 0, 0);
  }

  @Test
  void overflowsAsOnnxRuntimeDoesWhereThatIsNearest() throws OrtException {
    compare(OnnxCasts.FLOAT8E4M3FN, false, x -> E4M3.decode(E4M3.encodeIeee((float) x)), 464, 512);
    compare(
        OnnxCasts.FLOAT8E5M2, false, x -> E5M2.decode(E5M2.encodeIeee((float) x)), 61440, 65536);
  }

  /** Compares all values but those whose magnitude is in [from, to]. */
  private void compare(int type, boolean saturate, DoubleUnaryOperator codec, float from, float to)
      throws OrtException {
    float[] expected = OnnxCasts.roundTrip(values, type, saturate);
    int left = 0;
    for (int i = 0; i < values.length; i++) {
      float magnitude = Math.abs(values[i]);
      if (to > 0 && magnitude >= from && magnitude <= to) {
        left++;
      } else if (Float.compare((float) codec.applyAsDouble(values[i]), expected[i]) != 0) {
        throw new AssertionError(
            String.format(
                "type %d of %a: expected %s, found %s",
                type, values[i], expected[i], codec.applyAsDouble(values[i])));
      }
    }
    assertThat(left).isLessThan(values.length / 100);
  }
}
