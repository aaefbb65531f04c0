package org.foretoken.kernels.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.foretoken.fp8.Bf16;
import org.junit.jupiter.api.Test;

/** The kernels' arithmetic BF16 codec against the bit-casting one. */
class Bf16CodecTest {
  @Test
  void decodesEveryCodeAndGivesItBack() {
    for (int code = 0; code < 1 << 16; code++) {
      float value = Bf16.decode((short) code);
      if (Float.isNaN(value)) {
        continue;
      }
      assertThat(Bf16Codec.decode(code)).isEqualTo(value);
      assertThat(Bf16Codec.encode(value)).isEqualTo(code);
    }
  }

  @Test
  void roundsLikeTheScalarCodec() {
    Random random = new Random(7);
    for (int i = 0; i < 500_000; i++) {
      check(Float.intBitsToFloat(random.nextInt()));
      check((float) random.nextGaussian());
    }
    for (int code = 0; code < 0x7f80; code++) {
      float tie = Float.intBitsToFloat(code << 16 | 0x8000);
      check(tie);
      check(-Math.nextUp(tie));
      check(Math.nextDown(tie));
    }
  }

  private static void check(float x) {
    if (Float.isNaN(x)) {
      assertThat(Bf16Codec.encode(x)).isEqualTo(0x7fc0);
      assertThat(Bf16Codec.round(x)).isNaN();
      return;
    }
    assertThat(Bf16Codec.encode(x)).as("BF16 of %s", x).isEqualTo(Bf16.encode(x) & 0xffff);
    // The sign of a zero does not matter to a product.
    assertThat(Bf16Codec.round(x) + 0f).as("rounded %s", x).isEqualTo(Bf16.round(x) + 0f);
  }
}
