package org.foretoken.kernels.host;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Holds the vector encoder to the true quotient where the two could differ: with x such that x / s
 * lies at, or one unit in the last place beside, a value half way between two codes.
 */
final class TieProbe {
  private static final int NEIGHBOURS = 3;

  private TieProbe() {}

  /** Compares at every tie of {@code format}, once up to powers of two. */
  static void compare(HostQuantizeFormat format, float scale) {
    int half = 1 << format.format.mantissaBits();
    int ties = 2 * half;
    int n = ties * (2 * NEIGHBOURS + 1);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment x = arena.allocate(4L * n, 64);
      MemorySegment codes = arena.allocate(2L * n, 64);
      for (int t = 0; t < ties; t++) {
        // In the normal range halves of the last place, below it the halves of the subnormals.
        double tie =
            t < half ? 1 + (t + 0.5) / half : (t - half + 0.5) * format.format.minPositive();
        int centre = Float.floatToRawIntBits((float) (tie * scale));
        for (int k = -NEIGHBOURS; k <= NEIGHBOURS; k++) {
          x.setAtIndex(ValueLayout.JAVA_INT, t * (2 * NEIGHBOURS + 1) + k + NEIGHBOURS, centre + k);
        }
      }
      if (format.bytes == 1) {
        HostQuantizeLanes.encode(x.address(), codes.address(), n, -scale, 1f / scale, format);
      } else {
        HostQuantizeLanes.encodeWide(x.address(), codes.address(), n, -scale, 1f / scale, format);
      }
      for (int i = 0; i < n; i++) {
        float value = x.getAtIndex(ValueLayout.JAVA_FLOAT, i);
        int want = format.encode(value / scale);
        int found =
            format.bytes == 1
                ? codes.get(ValueLayout.JAVA_BYTE, i) & 0xff
                : codes.getAtIndex(ValueLayout.JAVA_SHORT, i) & 0xffff;
        if (found != want) {
          throw new AssertionError(
              format.format.name()
                  + ": "
                  + value
                  + " / "
                  + scale
                  + ": code "
                  + found
                  + ", expected "
                  + want);
        }
      }
    }
  }
}
