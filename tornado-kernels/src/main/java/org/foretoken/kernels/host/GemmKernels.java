package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmTiles.F;
import static org.foretoken.kernels.host.GemmTiles.LANES;
import static org.foretoken.kernels.host.GemmTiles.LEFT_STRIDE;
import static org.foretoken.kernels.host.GemmTiles.MR;
import static org.foretoken.kernels.host.GemmTiles.NR;

import jdk.incubator.vector.FloatVector;

/**
 * c[i, j] = fma(a[i, p], b[p, j], c[i, j]) for p ascending from c = 0: the register tiles.
 *
 * <p>{@code a} is a left panel, rows {@link GemmTiles#LEFT_STRIDE} apart; {@code b} a sliver of a
 * right panel, {@code [kc][NR]}; {@code c} the tile, {@code [rows][NR]}. A tile keeps its sums in
 * registers for the whole loop, and every height runs the same chain of fused multiply-adds for an
 * element, so that a result does not depend on the height that computed it. Each height is a method
 * of its own, kept small enough for the first compiler: one that it refuses is interpreted for
 * minutes.
 */
final class GemmKernels {
  private GemmKernels() {}

  /**
   * Computes at least {@code rows} rows of a tile; rows beyond that hold whatever the panel has
   * there.
   */
  static void tile(int rows, float[] a, int ao, float[] b, int bo, int kc, float[] c, int co) {
    if (MR == 13 && rows > 8) {
      rows13(a, ao, b, bo, kc, c, co);
    } else if (MR == 13 && rows > 4) {
      rows8(a, ao, b, bo, kc, c, co);
    } else if (MR == 6 && rows > 4) {
      rows6(a, ao, b, bo, kc, c, co);
    } else if (rows > 2) {
      rows4(a, ao, b, bo, kc, c, co);
    } else if (rows == 2) {
      rows2(a, ao, b, bo, kc, c, co);
    } else {
      rows1(a, ao, b, bo, kc, c, co);
    }
  }

  /** c[13, NR] = sum over p of a[i, p] b[p, j]. */
  private static void rows13(float[] a, int ao, float[] b, int bo, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    FloatVector c40 = FloatVector.zero(F);
    FloatVector c41 = c40;
    FloatVector c50 = FloatVector.zero(F);
    FloatVector c51 = c50;
    FloatVector c60 = FloatVector.zero(F);
    FloatVector c61 = c60;
    FloatVector c70 = FloatVector.zero(F);
    FloatVector c71 = c70;
    FloatVector c80 = FloatVector.zero(F);
    FloatVector c81 = c80;
    FloatVector c90 = FloatVector.zero(F);
    FloatVector c91 = c90;
    FloatVector c100 = FloatVector.zero(F);
    FloatVector c101 = c100;
    FloatVector c110 = FloatVector.zero(F);
    FloatVector c111 = c110;
    FloatVector c120 = FloatVector.zero(F);
    FloatVector c121 = c120;
    for (int p = 0; p < kc; p++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bo + p * NR);
      FloatVector b1 = FloatVector.fromArray(F, b, bo + p * NR + LANES);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = FloatVector.broadcast(F, a[ao + p + 1 * LEFT_STRIDE]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      x = FloatVector.broadcast(F, a[ao + p + 2 * LEFT_STRIDE]);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      x = FloatVector.broadcast(F, a[ao + p + 3 * LEFT_STRIDE]);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      x = FloatVector.broadcast(F, a[ao + p + 4 * LEFT_STRIDE]);
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
      x = FloatVector.broadcast(F, a[ao + p + 5 * LEFT_STRIDE]);
      c50 = x.fma(b0, c50);
      c51 = x.fma(b1, c51);
      x = FloatVector.broadcast(F, a[ao + p + 6 * LEFT_STRIDE]);
      c60 = x.fma(b0, c60);
      c61 = x.fma(b1, c61);
      x = FloatVector.broadcast(F, a[ao + p + 7 * LEFT_STRIDE]);
      c70 = x.fma(b0, c70);
      c71 = x.fma(b1, c71);
      x = FloatVector.broadcast(F, a[ao + p + 8 * LEFT_STRIDE]);
      c80 = x.fma(b0, c80);
      c81 = x.fma(b1, c81);
      x = FloatVector.broadcast(F, a[ao + p + 9 * LEFT_STRIDE]);
      c90 = x.fma(b0, c90);
      c91 = x.fma(b1, c91);
      x = FloatVector.broadcast(F, a[ao + p + 10 * LEFT_STRIDE]);
      c100 = x.fma(b0, c100);
      c101 = x.fma(b1, c101);
      x = FloatVector.broadcast(F, a[ao + p + 11 * LEFT_STRIDE]);
      c110 = x.fma(b0, c110);
      c111 = x.fma(b1, c111);
      x = FloatVector.broadcast(F, a[ao + p + 12 * LEFT_STRIDE]);
      c120 = x.fma(b0, c120);
      c121 = x.fma(b1, c121);
    }
    c00.intoArray(c, co);
    c01.intoArray(c, co + LANES);
    c10.intoArray(c, co + 2 * LANES);
    c11.intoArray(c, co + 3 * LANES);
    c20.intoArray(c, co + 4 * LANES);
    c21.intoArray(c, co + 5 * LANES);
    c30.intoArray(c, co + 6 * LANES);
    c31.intoArray(c, co + 7 * LANES);
    c40.intoArray(c, co + 8 * LANES);
    c41.intoArray(c, co + 9 * LANES);
    c50.intoArray(c, co + 10 * LANES);
    c51.intoArray(c, co + 11 * LANES);
    c60.intoArray(c, co + 12 * LANES);
    c61.intoArray(c, co + 13 * LANES);
    c70.intoArray(c, co + 14 * LANES);
    c71.intoArray(c, co + 15 * LANES);
    c80.intoArray(c, co + 16 * LANES);
    c81.intoArray(c, co + 17 * LANES);
    c90.intoArray(c, co + 18 * LANES);
    c91.intoArray(c, co + 19 * LANES);
    c100.intoArray(c, co + 20 * LANES);
    c101.intoArray(c, co + 21 * LANES);
    c110.intoArray(c, co + 22 * LANES);
    c111.intoArray(c, co + 23 * LANES);
    c120.intoArray(c, co + 24 * LANES);
    c121.intoArray(c, co + 25 * LANES);
  }

  /** c[8, NR] = sum over p of a[i, p] b[p, j]. */
  private static void rows8(float[] a, int ao, float[] b, int bo, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    FloatVector c40 = FloatVector.zero(F);
    FloatVector c41 = c40;
    FloatVector c50 = FloatVector.zero(F);
    FloatVector c51 = c50;
    FloatVector c60 = FloatVector.zero(F);
    FloatVector c61 = c60;
    FloatVector c70 = FloatVector.zero(F);
    FloatVector c71 = c70;
    for (int p = 0; p < kc; p++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bo + p * NR);
      FloatVector b1 = FloatVector.fromArray(F, b, bo + p * NR + LANES);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = FloatVector.broadcast(F, a[ao + p + 1 * LEFT_STRIDE]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      x = FloatVector.broadcast(F, a[ao + p + 2 * LEFT_STRIDE]);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      x = FloatVector.broadcast(F, a[ao + p + 3 * LEFT_STRIDE]);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      x = FloatVector.broadcast(F, a[ao + p + 4 * LEFT_STRIDE]);
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
      x = FloatVector.broadcast(F, a[ao + p + 5 * LEFT_STRIDE]);
      c50 = x.fma(b0, c50);
      c51 = x.fma(b1, c51);
      x = FloatVector.broadcast(F, a[ao + p + 6 * LEFT_STRIDE]);
      c60 = x.fma(b0, c60);
      c61 = x.fma(b1, c61);
      x = FloatVector.broadcast(F, a[ao + p + 7 * LEFT_STRIDE]);
      c70 = x.fma(b0, c70);
      c71 = x.fma(b1, c71);
    }
    c00.intoArray(c, co);
    c01.intoArray(c, co + LANES);
    c10.intoArray(c, co + 2 * LANES);
    c11.intoArray(c, co + 3 * LANES);
    c20.intoArray(c, co + 4 * LANES);
    c21.intoArray(c, co + 5 * LANES);
    c30.intoArray(c, co + 6 * LANES);
    c31.intoArray(c, co + 7 * LANES);
    c40.intoArray(c, co + 8 * LANES);
    c41.intoArray(c, co + 9 * LANES);
    c50.intoArray(c, co + 10 * LANES);
    c51.intoArray(c, co + 11 * LANES);
    c60.intoArray(c, co + 12 * LANES);
    c61.intoArray(c, co + 13 * LANES);
    c70.intoArray(c, co + 14 * LANES);
    c71.intoArray(c, co + 15 * LANES);
  }

  /** c[6, NR] = sum over p of a[i, p] b[p, j]. */
  private static void rows6(float[] a, int ao, float[] b, int bo, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    FloatVector c40 = FloatVector.zero(F);
    FloatVector c41 = c40;
    FloatVector c50 = FloatVector.zero(F);
    FloatVector c51 = c50;
    for (int p = 0; p < kc; p++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bo + p * NR);
      FloatVector b1 = FloatVector.fromArray(F, b, bo + p * NR + LANES);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = FloatVector.broadcast(F, a[ao + p + 1 * LEFT_STRIDE]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      x = FloatVector.broadcast(F, a[ao + p + 2 * LEFT_STRIDE]);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      x = FloatVector.broadcast(F, a[ao + p + 3 * LEFT_STRIDE]);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
      x = FloatVector.broadcast(F, a[ao + p + 4 * LEFT_STRIDE]);
      c40 = x.fma(b0, c40);
      c41 = x.fma(b1, c41);
      x = FloatVector.broadcast(F, a[ao + p + 5 * LEFT_STRIDE]);
      c50 = x.fma(b0, c50);
      c51 = x.fma(b1, c51);
    }
    c00.intoArray(c, co);
    c01.intoArray(c, co + LANES);
    c10.intoArray(c, co + 2 * LANES);
    c11.intoArray(c, co + 3 * LANES);
    c20.intoArray(c, co + 4 * LANES);
    c21.intoArray(c, co + 5 * LANES);
    c30.intoArray(c, co + 6 * LANES);
    c31.intoArray(c, co + 7 * LANES);
    c40.intoArray(c, co + 8 * LANES);
    c41.intoArray(c, co + 9 * LANES);
    c50.intoArray(c, co + 10 * LANES);
    c51.intoArray(c, co + 11 * LANES);
  }

  /** c[4, NR] = sum over p of a[i, p] b[p, j]. */
  private static void rows4(float[] a, int ao, float[] b, int bo, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = c20;
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = c30;
    for (int p = 0; p < kc; p++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bo + p * NR);
      FloatVector b1 = FloatVector.fromArray(F, b, bo + p * NR + LANES);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = FloatVector.broadcast(F, a[ao + p + 1 * LEFT_STRIDE]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
      x = FloatVector.broadcast(F, a[ao + p + 2 * LEFT_STRIDE]);
      c20 = x.fma(b0, c20);
      c21 = x.fma(b1, c21);
      x = FloatVector.broadcast(F, a[ao + p + 3 * LEFT_STRIDE]);
      c30 = x.fma(b0, c30);
      c31 = x.fma(b1, c31);
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

  /** c[2, NR] = sum over p of a[i, p] b[p, j]. */
  private static void rows2(float[] a, int ao, float[] b, int bo, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = c10;
    for (int p = 0; p < kc; p++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bo + p * NR);
      FloatVector b1 = FloatVector.fromArray(F, b, bo + p * NR + LANES);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
      x = FloatVector.broadcast(F, a[ao + p + 1 * LEFT_STRIDE]);
      c10 = x.fma(b0, c10);
      c11 = x.fma(b1, c11);
    }
    c00.intoArray(c, co);
    c01.intoArray(c, co + LANES);
    c10.intoArray(c, co + 2 * LANES);
    c11.intoArray(c, co + 3 * LANES);
  }

  /** c[1, NR] = sum over p of a[i, p] b[p, j]. */
  private static void rows1(float[] a, int ao, float[] b, int bo, int kc, float[] c, int co) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = c00;
    for (int p = 0; p < kc; p++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bo + p * NR);
      FloatVector b1 = FloatVector.fromArray(F, b, bo + p * NR + LANES);
      FloatVector x = FloatVector.broadcast(F, a[ao + p]);
      c00 = x.fma(b0, c00);
      c01 = x.fma(b1, c01);
    }
    c00.intoArray(c, co);
    c01.intoArray(c, co + LANES);
  }
}
