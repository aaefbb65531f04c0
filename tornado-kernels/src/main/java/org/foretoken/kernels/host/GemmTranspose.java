package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmTiles.F;
import static org.foretoken.kernels.host.GemmTiles.I;
import static org.foretoken.kernels.host.GemmTiles.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * dst[j, i] = src[i, j] for a block of LANES x LANES floats.
 *
 * <p>A transpose exchanges the bits of the row index with those of the column index. One bit at a
 * time, that is a shuffle between two rows; two bits at a time here, on four rows in registers, so
 * that a block of 16 goes through memory twice instead of four times.
 */
final class GemmTranspose {
  private static final IntVector LOW_1 = low(1);
  private static final IntVector HIGH_1 = high(1);
  private static final IntVector LOW_2 = low(2);
  private static final IntVector HIGH_2 = high(2);
  private static final IntVector LOW_4 = low(4);
  private static final IntVector HIGH_4 = high(4);
  private static final IntVector LOW_8 = low(8);
  private static final IntVector HIGH_8 = high(8);

  private GemmTranspose() {}

  // Of rows i (lanes 0..L-1) and i + h (lanes L..2L-1): row i of the result.
  private static IntVector low(int h) {
    int[] index = new int[LANES];
    for (int l = 0; l < LANES; l++) {
      index[l] = h >= LANES || (l & h) == 0 ? l : LANES + l - h;
    }
    return IntVector.fromArray(I, index, 0);
  }

  // And row i + h of the result.
  private static IntVector high(int h) {
    int[] index = new int[LANES];
    for (int l = 0; l < LANES; l++) {
      index[l] = h >= LANES || (l & h) != 0 ? LANES + l % LANES : l + h;
    }
    return IntVector.fromArray(I, index, 0);
  }

  /**
   * Transposes the block at {@code src[so]}, rows {@code ss} apart, to {@code dst[to]}, rows {@code
   * ds} apart.
   *
   * @param tmp LANES x LANES floats of scratch
   */
  static void block(float[] src, int so, int ss, float[] dst, int to, int ds, float[] tmp) {
    if (LANES == 16) {
      for (int i = 0; i < 4; i++) {
        outer16(src, so + i * ss, 4 * ss, tmp, i * LANES);
      }
      for (int i = 0; i < 16; i += 4) {
        inner(tmp, i * LANES, LANES, dst, to + i * ds, ds);
      }
    } else if (LANES == 8) {
      for (int i = 0; i < 4; i++) {
        outer8(src, so + i * ss, 4 * ss, tmp, i * LANES);
      }
      inner(tmp, 0, LANES, dst, to, ds);
      inner(tmp, 4 * LANES, LANES, dst, to + 4 * ds, ds);
    } else {
      inner(src, so, ss, dst, to, ds);
    }
  }

  /** Exchanges bits 2 and 3 on rows i, i + 4, i + 8, i + 12. */
  private static void outer16(float[] src, int so, int step, float[] dst, int to) {
    IntVector a = load(src, so);
    IntVector b = load(src, so + step);
    IntVector c = load(src, so + 2 * step);
    IntVector d = load(src, so + 3 * step);
    IntVector ac = LOW_8.selectFrom(a, c);
    IntVector bd = LOW_8.selectFrom(b, d);
    IntVector ca = HIGH_8.selectFrom(a, c);
    IntVector db = HIGH_8.selectFrom(b, d);
    store(LOW_4.selectFrom(ac, bd), dst, to);
    store(HIGH_4.selectFrom(ac, bd), dst, to + 4 * LANES);
    store(LOW_4.selectFrom(ca, db), dst, to + 8 * LANES);
    store(HIGH_4.selectFrom(ca, db), dst, to + 12 * LANES);
  }

  /** Exchanges bit 2 on rows i, i + 4. */
  private static void outer8(float[] src, int so, int step, float[] dst, int to) {
    IntVector a = load(src, so);
    IntVector b = load(src, so + step);
    store(LOW_4.selectFrom(a, b), dst, to);
    store(HIGH_4.selectFrom(a, b), dst, to + 4 * LANES);
  }

  /** Exchanges bits 0 and 1 on four consecutive rows. */
  private static void inner(float[] src, int so, int ss, float[] dst, int to, int ds) {
    IntVector a = load(src, so);
    IntVector b = load(src, so + ss);
    IntVector c = load(src, so + 2 * ss);
    IntVector d = load(src, so + 3 * ss);
    IntVector ac = LOW_2.selectFrom(a, c);
    IntVector bd = LOW_2.selectFrom(b, d);
    IntVector ca = HIGH_2.selectFrom(a, c);
    IntVector db = HIGH_2.selectFrom(b, d);
    store(LOW_1.selectFrom(ac, bd), dst, to);
    store(HIGH_1.selectFrom(ac, bd), dst, to + ds);
    store(LOW_1.selectFrom(ca, db), dst, to + 2 * ds);
    store(HIGH_1.selectFrom(ca, db), dst, to + 3 * ds);
  }

  private static IntVector load(float[] src, int at) {
    return FloatVector.fromArray(F, src, at).reinterpretAsInts();
  }

  private static void store(IntVector v, float[] dst, int at) {
    v.reinterpretAsFloats().intoArray(dst, at);
  }
}
