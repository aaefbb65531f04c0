package org.foretoken.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static uk.ac.manchester.tornado.api.enums.DataTransferMode.EVERY_EXECUTION;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * On request sums over products round once, where TornadoVM's CUDA backend was seen to fuse them.
 */
class FusedTest {
  private static final int CASES = 12;
  private static final float MAGIC = 12582912f;

  static void sums(FloatArray x, FloatArray out) {
    for (@Parallel int i = 0; i < x.getSize() / 4; i++) {
      float a = x.get(4 * i);
      float b = x.get(4 * i + 1);
      float c = x.get(4 * i + 2);
      float d = x.get(4 * i + 3);
      int o = CASES * i;
      out.set(o, a * b + c);
      out.set(o + 1, c + a * b);
      out.set(o + 2, a * b - c);
      out.set(o + 3, a * b + c * d);
      float p = a * d;
      out.set(o + 4, p + c);
      out.set(o + 5, p + b);
      out.set(o + 6, plus(b * c, d));
      out.set(o + 7, (a * 0.37f + MAGIC) - MAGIC);
      out.set(o + 8, a * b + c * d + a * c);
      out.set(o + 9, (a + b) * c + d);
      float s = a * b;
      int n = a > 9f ? 3 : 2; // Not known to the compiler, which would unroll the loop.
      for (int j = 0; j < n; j++) {
        s += x.get(4 * i + j) * d;
      }
      out.set(o + 10, s);
      out.set(o + 11, a + b);
    }
  }

  private static float plus(float x, float y) {
    return x + y;
  }

  private static FloatArray input() {
    SplittableRandom random = new SplittableRandom(3);
    FloatArray x = new FloatArray(400);
    for (int i = 0; i < x.getSize(); i++) {
      x.set(i, (float) random.nextDouble(-3, 3));
    }
    return x;
  }

  private static FloatArray run(FloatArray x) {
    FloatArray out = new FloatArray(x.getSize() / 4 * CASES);
    Launch.once(
        new TaskGraph("g")
            .transferToDevice(EVERY_EXECUTION, x)
            .task("t", FusedTest::sums, x, out)
            .transferToHost(EVERY_EXECUTION, out));
    return out;
  }

  private static void assertFused(FloatArray x, FloatArray out) {
    for (int i = 0; i < x.getSize() / 4; i++) {
      float a = x.get(4 * i);
      float b = x.get(4 * i + 1);
      float c = x.get(4 * i + 2);
      float d = x.get(4 * i + 3);
      float ab = Math.fma(a, b, c * d);
      float loop = Math.fma(b, d, Math.fma(a, d, a * b));
      float[] expected = {
        Math.fma(a, b, c),
        Math.fma(a, b, c),
        a * b - c,
        ab,
        Math.fma(a, d, c),
        Math.fma(a, d, b),
        Math.fma(b, c, d),
        Math.fma(a, 0.37f, MAGIC) - MAGIC,
        Math.fma(a, c, ab),
        Math.fma(a + b, c, d),
        loop,
        a + b
      };
      for (int k = 0; k < CASES; k++) {
        assertThat(out.get(CASES * i + k)).as("case %d of %d", k, i).isEqualTo(expected[k]);
      }
    }
  }

  @Test
  void roundsOnceWhereTheDeviceDoes() {
    FloatArray x = input();
    System.setProperty(Emulator.FMA_PROPERTY, "true");
    try {
      assertFused(x, run(x));
      Launch.unwatched(() -> assertFused(x, run(x)));
    } finally {
      System.clearProperty(Emulator.FMA_PROPERTY);
    }
  }

  @Test
  void roundsTwiceUnlessAsked() {
    FloatArray x = input();
    FloatArray expected = new FloatArray(x.getSize() / 4 * CASES);
    sums(x, expected);
    assertThat(run(x).toHeapArray()).isEqualTo(expected.toHeapArray());
  }
}
