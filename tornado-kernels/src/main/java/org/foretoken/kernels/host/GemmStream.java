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
 * c[i, j] = fma(a[i, p], w[p, j], c[i, j]) for p ascending from c = 0, up to four rows, straight
 * from a packed weight in memory: the register tiles of decoding.
 *
 * <p>The chain of fused multiply-adds is that of {@link GemmKernels}. FP8 codes become floats in
 * registers, a factor of 2^120 too small; the activations come 2^{@value #SHIFT} times too large,
 * as far as 448 goes in FP32. Products are exact and so half of what they stand for, sums have the
 * same significands, and doubling them at the end loses nothing.
 */
final class GemmStream {
  /** Most rows that these tiles serve. */
  static final int ROWS = 4;

  /** Power of two that activations are multiplied by for FP8 weights. */
  static final int SHIFT = 119;

  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;

  private GemmStream() {}

  /**
   * Sums over {@code kc} rows of a sliver of {@code w} that starts at byte {@code at}.
   *
   * @param type F32, BF16, or E4M3 without NaN codes
   */
  static void tile(
      GemmSource.Type type,
      int rows,
      float[] a,
      int ao,
      MemorySegment w,
      long at,
      int kc,
      float[] c,
      int co) {
    if (type == GemmSource.Type.F32) {
      f32(a, ao, w, at, kc, c, co);
    } else if (type == GemmSource.Type.BF16) {
      bf16(a, ao, w, at, kc, c, co);
    } else if (rows == 1) {
      codes1(a, ao, w, at, kc, c, co);
    } else if (rows == 2) {
      codes2(a, ao, w, at, kc, c, co);
    } else {
      codes4(a, ao, w, at, kc, c, co);
    }
  }

  // Memory is the limit for wide elements: four rows cost no more than one.

  private static void f32(float[] a, int ao, MemorySegment w, long at, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    for (int p = 0; p < kc; p++) {
      FloatVector w0 = FloatVector.fromMemorySegment(F, w, at + 4L * p * NR, LE);
      FloatVector w1 = FloatVector.fromMemorySegment(F, w, at + 4L * (p * NR + LANES), LE);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(w0, c00);
      c01 = x.fma(w1, c01);
      x = FloatVector.broadcast(F, a[ao + p + LEFT_STRIDE]);
      c10 = x.fma(w0, c10);
      c11 = x.fma(w1, c11);
      x = FloatVector.broadcast(F, a[ao + p + 2 * LEFT_STRIDE]);
      c20 = x.fma(w0, c20);
      c21 = x.fma(w1, c21);
      x = FloatVector.broadcast(F, a[ao + p + 3 * LEFT_STRIDE]);
      c30 = x.fma(w0, c30);
      c31 = x.fma(w1, c31);
    }
    c00.intoArray(c, co);
    c01.intoArray(c, co + LANES);
    c10.intoArray(c, co + 2 * LANES);
    c11.intoArray(c, co + 3 * LANES);
    c20.intoArray(c, co + 4 * LANES);
    c21.intoArray(c, co + 5 * LANES);
    c30.intoArray(c, co + 6 * LANES);
    c31.intoArray(c, co + 7 * LANES);
  }

  private static void bf16(float[] a, int ao, MemorySegment w, long at, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    for (int p = 0; p < kc; p++) {
      IntVector pairs = pairs(w, at + 2L * p * NR);
      FloatVector w0 = low(pairs);
      FloatVector w1 = high(pairs);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(w0, c00);
      c01 = x.fma(w1, c01);
      x = FloatVector.broadcast(F, a[ao + p + LEFT_STRIDE]);
      c10 = x.fma(w0, c10);
      c11 = x.fma(w1, c11);
      x = FloatVector.broadcast(F, a[ao + p + 2 * LEFT_STRIDE]);
      c20 = x.fma(w0, c20);
      c21 = x.fma(w1, c21);
      x = FloatVector.broadcast(F, a[ao + p + 3 * LEFT_STRIDE]);
      c30 = x.fma(w0, c30);
      c31 = x.fma(w1, c31);
    }
    c00.intoArray(c, co);
    c01.intoArray(c, co + LANES);
    c10.intoArray(c, co + 2 * LANES);
    c11.intoArray(c, co + 3 * LANES);
    c20.intoArray(c, co + 4 * LANES);
    c21.intoArray(c, co + 5 * LANES);
    c30.intoArray(c, co + 6 * LANES);
    c31.intoArray(c, co + 7 * LANES);
  }

  /** A row of bfloat16 elements in pairs, as {@link HostPackedWeight} lays them out. */
  static IntVector pairs(MemorySegment w, long at) {
    return FloatVector.fromMemorySegment(F, w, at, LE).reinterpretAsInts();
  }

  /** The first vector of a row of pairs. */
  static FloatVector low(IntVector pairs) {
    return pairs.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  /** The second vector of a row of pairs. */
  static FloatVector high(IntVector pairs) {
    return pairs.and(0xffff0000).reinterpretAsFloats();
  }

  /** Rows of pairs as floats, [rows][NR]. */
  static void unpair(MemorySegment w, long at, int rows, float[] dst) {
    for (int p = 0; p < rows; p++) {
      IntVector pairs = pairs(w, at + 2L * p * NR);
      low(pairs).intoArray(dst, p * NR);
      high(pairs).intoArray(dst, p * NR + LANES);
    }
  }

  private static void codes1(
      float[] a, int ao, MemorySegment w, long at, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    for (int p = 0; p < kc; p++) {
      FloatVector w0 = bits(w, at + (long) p * NR, 0);
      FloatVector w1 = bits(w, at + (long) p * NR + NR - B.length(), BYTE_PARTS - 1);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(w0, c00);
      c01 = x.fma(w1, c01);
    }
    c00.mul(2f).intoArray(c, co);
    c01.mul(2f).intoArray(c, co + LANES);
  }

  private static void codes2(
      float[] a, int ao, MemorySegment w, long at, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    for (int p = 0; p < kc; p++) {
      FloatVector w0 = bits(w, at + (long) p * NR, 0);
      FloatVector w1 = bits(w, at + (long) p * NR + NR - B.length(), BYTE_PARTS - 1);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(w0, c00);
      c01 = x.fma(w1, c01);
      x = FloatVector.broadcast(F, a[ao + p + LEFT_STRIDE]);
      c10 = x.fma(w0, c10);
      c11 = x.fma(w1, c11);
    }
    c00.mul(2f).intoArray(c, co);
    c01.mul(2f).intoArray(c, co + LANES);
    c10.mul(2f).intoArray(c, co + 2 * LANES);
    c11.mul(2f).intoArray(c, co + 3 * LANES);
  }

  private static void codes4(
      float[] a, int ao, MemorySegment w, long at, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    for (int p = 0; p < kc; p++) {
      FloatVector w0 = bits(w, at + (long) p * NR, 0);
      FloatVector w1 = bits(w, at + (long) p * NR + NR - B.length(), BYTE_PARTS - 1);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(w0, c00);
      c01 = x.fma(w1, c01);
      x = FloatVector.broadcast(F, a[ao + p + LEFT_STRIDE]);
      c10 = x.fma(w0, c10);
      c11 = x.fma(w1, c11);
      x = FloatVector.broadcast(F, a[ao + p + 2 * LEFT_STRIDE]);
      c20 = x.fma(w0, c20);
      c21 = x.fma(w1, c21);
      x = FloatVector.broadcast(F, a[ao + p + 3 * LEFT_STRIDE]);
      c30 = x.fma(w0, c30);
      c31 = x.fma(w1, c31);
    }
    c00.mul(2f).intoArray(c, co);
    c01.mul(2f).intoArray(c, co + LANES);
    c10.mul(2f).intoArray(c, co + 2 * LANES);
    c11.mul(2f).intoArray(c, co + 3 * LANES);
    c20.mul(2f).intoArray(c, co + 4 * LANES);
    c21.mul(2f).intoArray(c, co + 5 * LANES);
    c30.mul(2f).intoArray(c, co + 6 * LANES);
    c31.mul(2f).intoArray(c, co + 7 * LANES);
  }

  private static FloatVector bits(MemorySegment w, long at, int part) {
    IntVector x = (IntVector) ByteVector.fromMemorySegment(B, w, at, LE).castShape(I, part);
    return x.lanewise(VectorOperators.LSHL, 20).and(0x87f00000).reinterpretAsFloats();
  }
}
