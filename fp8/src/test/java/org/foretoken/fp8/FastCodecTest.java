package org.foretoken.fp8;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FastCodecTest {
  private static final double[] E4M3_VALUES =
      IntStream.rangeClosed(0, 0x7f).mapToDouble(c -> ExactOracle.magnitude(c, 4, 3, 7)).toArray();
  private static final double[] E5M2_VALUES =
      IntStream.rangeClosed(0, 0x7c).mapToDouble(c -> ExactOracle.magnitude(c, 5, 2, 15)).toArray();

  @Test
  void decodesEveryE4M3Code() {
    for (int code = 0; code < 256; code++) {
      float actual = E4M3.decode((byte) code);
      int low = code & 0x7f;
      if (low == 0x7f) {
        assertThat(actual).as("code %02x", code).isNaN();
      } else {
        double expected = code < 128 ? E4M3_VALUES[low] : -E4M3_VALUES[low];
        assertThat(Double.compare(actual, expected)).as("code %02x", code).isZero();
      }
    }
  }

  @Test
  void decodesEveryE5M2Code() {
    for (int code = 0; code < 256; code++) {
      float actual = E5M2.decode((byte) code);
      int low = code & 0x7f;
      if (low > 0x7c) {
        assertThat(actual).as("code %02x", code).isNaN();
      } else {
        double magnitude = low == 0x7c ? Double.POSITIVE_INFINITY : E5M2_VALUES[low];
        double expected = code < 128 ? magnitude : -magnitude;
        assertThat(Double.compare(actual, expected)).as("code %02x", code).isZero();
      }
    }
  }

  @Test
  void encodesTheWorkedNumbers() {
    assertThat(E4M3.encode(1.0625f)).isEqualTo((byte) 0x38);
    assertThat(E4M3.encode(1.1875f)).isEqualTo((byte) 0x3a);
    assertThat(E4M3.encode(0x1p-10f)).isEqualTo((byte) 0x00);
    assertThat(E4M3.encode(-0f)).isEqualTo((byte) 0x80);
    assertThat(E4M3.encode(-0x1p-10f)).isEqualTo((byte) 0x80);
    assertThat(E4M3.encode(0x1.8p-9f)).isEqualTo((byte) 0x02);
    assertThat(E4M3.encode(449f)).isEqualTo((byte) 0x7e);
    assertThat(E4M3.encode(Float.NEGATIVE_INFINITY)).isEqualTo((byte) 0xfe);
    assertThat(E4M3.encode(Float.NaN)).isEqualTo((byte) 0x7f);
    assertThat(E4M3.encodeIeee(464f)).isEqualTo((byte) 0x7e);
    assertThat(E4M3.encodeIeee(Math.nextUp(464f))).isEqualTo((byte) 0x7f);
    assertThat(E4M3.encodeIeee(Float.NEGATIVE_INFINITY)).isEqualTo((byte) 0xff);
    assertThat(E5M2.encode(1e9f)).isEqualTo((byte) 0x7b);
    assertThat(E5M2.encode(Float.NaN)).isEqualTo((byte) 0x7e);
    assertThat(E5M2.encode(Float.POSITIVE_INFINITY)).isEqualTo((byte) 0x7b);
    assertThat(E5M2.encode(Float.NEGATIVE_INFINITY)).isEqualTo((byte) 0xfb);
    assertThat(E5M2.encodeIeee(Math.nextDown(61440f))).isEqualTo((byte) 0x7b);
    assertThat(E5M2.encodeIeee(61440f)).isEqualTo((byte) 0x7c);
    assertThat(E5M2.encodeIeee(Float.NaN)).isEqualTo((byte) 0x7e);
    assertThat(E5M2.encodeIeee(Float.NEGATIVE_INFINITY)).isEqualTo((byte) 0xfc);
  }

  @Test
  void encodesEveryTieAndItsNeighbours() {
    for (int code = 0; code < 0x7e; code++) {
      double tie = (E4M3_VALUES[code] + E4M3_VALUES[code + 1]) / 2;
      checkE4M3(Math.nextDown((float) tie));
      checkE4M3((float) tie);
      checkE4M3(Math.nextUp((float) tie));
    }
    for (int code = 0; code < 0x7b; code++) {
      double tie = (E5M2_VALUES[code] + E5M2_VALUES[code + 1]) / 2;
      checkE5M2(Math.nextDown((float) tie));
      checkE5M2((float) tie);
      checkE5M2(Math.nextUp((float) tie));
    }
  }

  @Test
  void encodesRandomFloats() {
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < 30_000; i++) {
      float value = Float.intBitsToFloat(random.nextInt());
      checkE4M3(value);
      checkE5M2(value);
      float inRange = (float) ((random.nextDouble() - 0.5) * Math.pow(2, random.nextInt(-20, 18)));
      checkE4M3(inRange);
      checkE5M2(inRange);
    }
  }

  @Test
  void everyCodeSurvivesTheRoundTrip() {
    for (int code = 0; code < 256; code++) {
      if ((code & 0x7f) < 0x7f) {
        assertThat(E4M3.encode(E4M3.decode((byte) code))).isEqualTo((byte) code);
        assertThat(E4M3.encodeIeee(E4M3.decode((byte) code))).isEqualTo((byte) code);
      }
      if ((code & 0x7f) <= 0x7c) {
        assertThat(E5M2.encodeIeee(E5M2.decode((byte) code))).isEqualTo((byte) code);
      }
    }
  }

  @Test
  void bf16KeepsEveryCodeAndRoundsTies() {
    for (int code = 0; code < 65536; code++) {
      float value = Bf16.decode((short) code);
      if (Float.isNaN(value)) {
        assertThat(Bf16.decode(Bf16.encode(value))).isNaN();
        continue;
      }
      assertThat(Bf16.encode(value)).isEqualTo((short) code);
      if (!Float.isInfinite(value)) {
        float tie = Float.intBitsToFloat(code << 16 | 0x8000);
        short even = (short) (code + (code & 1));
        assertThat(Bf16.encode(tie)).isEqualTo(even);
        assertThat(Bf16.encode(Float.intBitsToFloat((code << 16 | 0x8000) - 1)))
            .isEqualTo((short) code);
        assertThat(Bf16.encode(Float.intBitsToFloat((code << 16 | 0x8000) + 1)))
            .isEqualTo((short) (code + 1));
      }
    }
    // A NaN whose payload sits in the lower half only must not become an infinity.
    assertThat(Bf16.decode(Bf16.encode(Float.intBitsToFloat(0x7f80_0001)))).isNaN();
    assertThat(Bf16.round(1f + 0x1p-8f)).isEqualTo(1f);
  }

  private static void checkE4M3(float value) {
    int sign = Float.floatToRawIntBits(value) >>> 24 & 0x80;
    double magnitude = Math.abs((double) value);
    int ieee = magnitude <= 480 ? ExactOracle.nearest(magnitude, E4M3_VALUES) : 0x7f;
    int saturated = Double.isNaN(magnitude) ? 0x7f : Math.min(ieee, 0x7e);
    assertThat(E4M3.encodeIeee(value)).as("ieee %a", value).isEqualTo((byte) (sign | ieee));
    assertThat(E4M3.encode(value)).as("saturating %a", value).isEqualTo((byte) (sign | saturated));
  }

  private static void checkE5M2(float value) {
    int sign = Float.floatToRawIntBits(value) >>> 24 & 0x80;
    double magnitude = Math.abs((double) value);
    boolean nan = Double.isNaN(magnitude);
    int ieee = magnitude <= 65536 ? ExactOracle.nearest(magnitude, E5M2_VALUES) : 0x7c;
    assertThat(E5M2.encodeIeee(value))
        .as("ieee %a", value)
        .isEqualTo((byte) (sign | (nan ? 0x7e : ieee)));
    assertThat(E5M2.encode(value))
        .as("saturating %a", value)
        .isEqualTo((byte) (sign | (nan ? 0x7e : Math.min(ieee, 0x7b))));
  }
}
