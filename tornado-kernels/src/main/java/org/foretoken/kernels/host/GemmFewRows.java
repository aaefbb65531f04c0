package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmTiles.B;
import static org.foretoken.kernels.host.GemmTiles.BYTE_PARTS;
import static org.foretoken.kernels.host.GemmTiles.F;
import static org.foretoken.kernels.host.GemmTiles.I;
import static org.foretoken.kernels.host.GemmTiles.LANES;
import static org.foretoken.kernels.host.GemmTiles.LEFT_STRIDE;
import static org.foretoken.kernels.host.GemmTiles.NR;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The register tiles of {@link GemmStream} for one or two rows and two slivers or four: four to
 * eight sums in flight instead of the two or four of one sliver, each of which waits for the one
 * before it. Every sum is the same chain, with the same bits.
 *
 * <p>One row of codes takes two slivers, not four: with eight vectors of them to widen, the method
 * is more than C2 inlines, and it boxes vectors.
 *
 * <p>Row r of sliver t is row {@code r + t * rows} of the sums.
 */
final class GemmFewRows {
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

  private GemmFewRows() {}

  /** Slivers that a tile of so many rows takes at a time. */
  static int slivers(GemmSource.Type type, int rows) {
    if (rows == 1 && type != GemmSource.Type.E4M3) {
      return 4;
    }
    return rows <= 2 ? 2 : 1;
  }

  /**
   * Sums over {@code kc} rows of {@link #slivers} slivers of {@code w}.
   *
   * @param type F32, BF16, or E4M3 without NaN codes
   * @param rows 1 or 2
   * @param at byte at which the first sliver's part starts
   * @param next bytes from one sliver to the next
   */
  static void tile(
      GemmSource.Type type,
      int rows,
      float[] a,
      int ao,
      MemorySegment w,
      long at,
      long next,
      int kc,
      float[] c,
      int co) {
    boolean one = rows == 1;
    if (type == GemmSource.Type.F32) {
      if (one) {
        f32x1(a, ao, w, at, next, kc, c, co);
      } else {
        f32x2(a, ao, w, at, next, kc, c, co);
      }
    } else if (type == GemmSource.Type.BF16) {
      if (one) {
        bf16x1(a, ao, w, at, next, kc, c, co);
      } else {
        bf16x2(a, ao, w, at, next, kc, c, co);
      }
    } else if (one) {
      codes1(a, ao, w, at, next, kc, c, co);
      twice(c, co, 4);
    } else {
      codes2(a, ao, w, at, next, kc, c, co);
      twice(c, co, 8);
    }
  }

  /**
   * Doubles vectors of sums of codes. Not where they are computed: in {@link #codes2} C2 would no
   * longer inline it, and box them.
   */
  private static void twice(float[] c, int co, int vectors) {
    for (int i = 0; i < vectors; i++) {
      int at = co + i * LANES;
      FloatVector.fromArray(F, c, at).mul(2f).intoArray(c, at);
    }
  }

  private static void f32x1(
      float[] a, int ao, MemorySegment w, long at, long next, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    for (int p = 0; p < kc; p++) {
      long o = at + 4L * p * NR;
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(f32(w, o), c00);
      c01 = x.fma(f32(w, o + 4L * LANES), c01);
      c10 = x.fma(f32(w, o + next), c10);
      c11 = x.fma(f32(w, o + next + 4L * LANES), c11);
      c20 = x.fma(f32(w, o + 2 * next), c20);
      c21 = x.fma(f32(w, o + 2 * next + 4L * LANES), c21);
      c30 = x.fma(f32(w, o + 3 * next), c30);
      c31 = x.fma(f32(w, o + 3 * next + 4L * LANES), c31);
    }
    store(c, co, c00, c01, c10, c11);
    store(c, co + 4 * LANES, c20, c21, c30, c31);
  }

  private static void f32x2(
      float[] a, int ao, MemorySegment w, long at, long next, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    for (int p = 0; p < kc; p++) {
      long o = at + 4L * p * NR;
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      FloatVector z = FloatVector.broadcast(F, a[ao + p + LEFT_STRIDE]);
      FloatVector v = f32(w, o);
      c00 = x.fma(v, c00);
      c10 = z.fma(v, c10);
      v = f32(w, o + 4L * LANES);
      c01 = x.fma(v, c01);
      c11 = z.fma(v, c11);
      v = f32(w, o + next);
      c20 = x.fma(v, c20);
      c30 = z.fma(v, c30);
      v = f32(w, o + next + 4L * LANES);
      c21 = x.fma(v, c21);
      c31 = z.fma(v, c31);
    }
    store(c, co, c00, c01, c10, c11);
    store(c, co + 4 * LANES, c20, c21, c30, c31);
  }

  private static FloatVector f32(MemorySegment w, long at) {
    return FloatVector.fromMemorySegment(F, w, at, LE);
  }

  private static void bf16x1(
      float[] a, int ao, MemorySegment w, long at, long next, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    for (int p = 0; p < kc; p++) {
      long o = at + 2L * p * NR;
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      IntVector v = GemmStream.pairs(w, o);
      c00 = x.fma(GemmStream.low(v), c00);
      c01 = x.fma(GemmStream.high(v), c01);
      v = GemmStream.pairs(w, o + next);
      c10 = x.fma(GemmStream.low(v), c10);
      c11 = x.fma(GemmStream.high(v), c11);
      v = GemmStream.pairs(w, o + 2 * next);
      c20 = x.fma(GemmStream.low(v), c20);
      c21 = x.fma(GemmStream.high(v), c21);
      v = GemmStream.pairs(w, o + 3 * next);
      c30 = x.fma(GemmStream.low(v), c30);
      c31 = x.fma(GemmStream.high(v), c31);
    }
    store(c, co, c00, c01, c10, c11);
    store(c, co + 4 * LANES, c20, c21, c30, c31);
  }

  private static void bf16x2(
      float[] a, int ao, MemorySegment w, long at, long next, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    for (int p = 0; p < kc; p++) {
      long o = at + 2L * p * NR;
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      FloatVector z = FloatVector.broadcast(F, a[ao + p + LEFT_STRIDE]);
      IntVector pairs = GemmStream.pairs(w, o);
      FloatVector v = GemmStream.low(pairs);
      c00 = x.fma(v, c00);
      c10 = z.fma(v, c10);
      v = GemmStream.high(pairs);
      c01 = x.fma(v, c01);
      c11 = z.fma(v, c11);
      pairs = GemmStream.pairs(w, o + next);
      v = GemmStream.low(pairs);
      c20 = x.fma(v, c20);
      c30 = z.fma(v, c30);
      v = GemmStream.high(pairs);
      c21 = x.fma(v, c21);
      c31 = z.fma(v, c31);
    }
    store(c, co, c00, c01, c10, c11);
    store(c, co + 4 * LANES, c20, c21, c30, c31);
  }

  private static void codes1(
      float[] a, int ao, MemorySegment w, long at, long next, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    for (int p = 0; p < kc; p++) {
      long o = at + (long) p * NR;
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(low(w, o), c00);
      c01 = x.fma(high(w, o), c01);
      c10 = x.fma(low(w, o + next), c10);
      c11 = x.fma(high(w, o + next), c11);
    }
    store(c, co, c00, c01, c10, c11);
  }

  private static void codes2(
      float[] a, int ao, MemorySegment w, long at, long next, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    for (int p = 0; p < kc; p++) {
      long o = at + (long) p * NR;
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      FloatVector z = FloatVector.broadcast(F, a[ao + p + LEFT_STRIDE]);
      FloatVector v = low(w, o);
      c00 = x.fma(v, c00);
      c10 = z.fma(v, c10);
      v = high(w, o);
      c01 = x.fma(v, c01);
      c11 = z.fma(v, c11);
      v = low(w, o + next);
      c20 = x.fma(v, c20);
      c30 = z.fma(v, c30);
      v = high(w, o + next);
      c21 = x.fma(v, c21);
      c31 = z.fma(v, c31);
    }
    store(c, co, c00, c01, c10, c11);
    store(c, co + 4 * LANES, c20, c21, c30, c31);
  }

  // The first and the second vector of a sliver's row, as in GemmStream: 2^120 too small.

  private static FloatVector low(MemorySegment w, long at) {
    return bits((IntVector) ByteVector.fromMemorySegment(B, w, at, LE).castShape(I, 0));
  }

  private static FloatVector high(MemorySegment w, long at) {
    long o = at + NR - B.length();
    return bits((IntVector) ByteVector.fromMemorySegment(B, w, o, LE).castShape(I, BYTE_PARTS - 1));
  }

  private static FloatVector bits(IntVector codes) {
    return codes.lanewise(VectorOperators.LSHL, 20).and(0x87f00000).reinterpretAsFloats();
  }

  private static void store(
      float[] c, int co, FloatVector v0, FloatVector v1, FloatVector v2, FloatVector v3) {
    v0.intoArray(c, co);
    v1.intoArray(c, co + LANES);
    v2.intoArray(c, co + 2 * LANES);
    v3.intoArray(c, co + 3 * LANES);
  }
}
