package org.foretoken.kernels.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.FP8;

/** The FP16 numbers that stand for E4M3 codes. */
class MmaBlockTest {
  @Test
  void everyCodeKeepsItsValueButForTheScale() {
    for (int code = 0; code < 256; code++) {
      int halves = MmaBlock.halves(code << 8 | (255 - code) << 24);
      assertThat(Float.float16ToFloat((short) halves) * 256f)
          .isEqualTo((Float) FP8.e4m3ToFloat((byte) code));
      assertThat(Float.float16ToFloat((short) (halves >> 16)) * 256f)
          .isEqualTo((Float) FP8.e4m3ToFloat((byte) (255 - code)));
    }
    assertThat(256f * 256f).isEqualTo(MmaBlock.HALVES_SCALE);
  }
}
