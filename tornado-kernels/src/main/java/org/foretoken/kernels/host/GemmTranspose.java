package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmTiles.F;
import static org.foretoken.kernels.host.GemmTiles.I;
import static org.foretoken.kernels.host.GemmTiles.LANES;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * dst[j, i] = src[i, j] for a block of LANES x LANES floats.
 *
 * <p>A transpose exchanges the bits of the row index with those of the column index: a shuffle of
 * rows i and i + h for each h from LANES / 2 to 1. Four rows at a time take two of these steps in
 * registers, so that a block of 16 goes through memory twice. (All 16 rows in registers is more
 * than the compiler keeps apart: it puts the vectors into objects.) The method for 16 lanes is too
 * long to be inlined, which is wanted for the same reason.
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
      index[l] = (l & h) == 0 ? l : LANES + l - h;
    }
    return IntVector.fromArray(I, index, 0);
  }

  // And row i + h of the result.
  private static IntVector high(int h) {
    int[] index = new int[LANES];
    for (int l = 0; l < LANES; l++) {
      index[l] = (l & h) == 0 ? l + h : LANES + l;
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
      block16(src, so, ss, dst, to, ds, tmp);
    } else if (LANES == 8) {
      block8(src, so, ss, dst, to, ds, tmp);
    } else {
      block4(src, so, ss, dst, to, ds);
    }
  }

  private static void block16(
      float[] src, int so, int ss, float[] dst, int to, int ds, float[] tmp) {
    for (int i = 0; i < 4; i++) { // rows i, i + 4, i + 8, i + 12
      IntVector a = load(src, so + i * ss);
      IntVector b = load(src, so + (i + 4) * ss);
      IntVector c = load(src, so + (i + 8) * ss);
      IntVector d = load(src, so + (i + 12) * ss);
      IntVector ac = LOW_8.selectFrom(a, c);
      IntVector bd = LOW_8.selectFrom(b, d);
      IntVector ca = HIGH_8.selectFrom(a, c);
      IntVector db = HIGH_8.selectFrom(b, d);
      store(LOW_4.selectFrom(ac, bd), tmp, i * LANES);
      store(HIGH_4.selectFrom(ac, bd), tmp, (i + 4) * LANES);
      store(LOW_4.selectFrom(ca, db), tmp, (i + 8) * LANES);
      store(HIGH_4.selectFrom(ca, db), tmp, (i + 12) * LANES);
    }
    for (int i = 0; i < 16; i += 4) { // rows i to i + 3
      IntVector a = load(tmp, i * LANES);
      IntVector b = load(tmp, (i + 1) * LANES);
      IntVector c = load(tmp, (i + 2) * LANES);
      IntVector d = load(tmp, (i + 3) * LANES);
      IntVector ac = LOW_2.selectFrom(a, c);
      IntVector bd = LOW_2.selectFrom(b, d);
      IntVector ca = HIGH_2.selectFrom(a, c);
      IntVector db = HIGH_2.selectFrom(b, d);
      store(LOW_1.selectFrom(ac, bd), dst, to + i * ds);
      store(HIGH_1.selectFrom(ac, bd), dst, to + (i + 1) * ds);
      store(LOW_1.selectFrom(ca, db), dst, to + (i + 2) * ds);
      store(HIGH_1.selectFrom(ca, db), dst, to + (i + 3) * ds);
    }
  }

  private static void block8(
      float[] src, int so, int ss, float[] dst, int to, int ds, float[] tmp) {
    for (int i = 0; i < 4; i++) {
      IntVector a = load(src, so + i * ss);
      IntVector b = load(src, so + (i + 4) * ss);
      store(LOW_4.selectFrom(a, b), tmp, i * LANES);
      store(HIGH_4.selectFrom(a, b), tmp, (i + 4) * LANES);
    }
    block4(tmp, 0, LANES, dst, to, ds);
    block4(tmp, 4 * LANES, LANES, dst, to + 4 * ds, ds);
  }

  private static void block4(float[] src, int so, int ss, float[] dst, int to, int ds) {
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
