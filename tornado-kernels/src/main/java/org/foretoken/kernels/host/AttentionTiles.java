package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;

import jdk.incubator.vector.FloatVector;

/**
 * Products of small tiles, for attention: 6 rows by two vectors of columns in registers, 12 sums in
 * flight, which fits 16 vector registers as well as 32.
 *
 * <p>Left operands and results lie in blocks whose rows are {@link #BLOCK} apart; right operands in
 * panels of {@link #PANEL} columns, [panel][k][PANEL]. Each element is one chain of fused
 * multiply-adds over ascending k, whichever tile it is computed in, and so has the same bits.
 */
final class AttentionTiles {
  /** Queries and keys of a block; a multiple of {@link #ROWS} and {@link #PANEL}. */
  static final int BLOCK = 96;

  /** Rows of a tile. */
  static final int ROWS = 6;

  /** Columns of a tile. */
  static final int PANEL = 2 * LANES;

  private AttentionTiles() {}

  /** Panels that {@code columns} columns take. */
  static int panels(int columns) {
    return Math.ceilDiv(columns, PANEL);
  }

  /**
   * c[r, :] += sum over k of a[ao + r * BLOCK + k] * b[k, :] for {@link #ROWS} rows r and one panel
   * of columns.
   */
  static void addNn(float[] a, int ao, float[] b, int bo, int n, float[] c, int co, int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, c, co);
    FloatVector c01 = FloatVector.fromArray(F, c, co + LANES);
    FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
    FloatVector c11 = FloatVector.fromArray(F, c, co + ldc + LANES);
    FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc);
    FloatVector c21 = FloatVector.fromArray(F, c, co + 2 * ldc + LANES);
    FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc);
    FloatVector c31 = FloatVector.fromArray(F, c, co + 3 * ldc + LANES);
    FloatVector c40 = FloatVector.fromArray(F, c, co + 4 * ldc);
    FloatVector c41 = FloatVector.fromArray(F, c, co + 4 * ldc + LANES);
    FloatVector c50 = FloatVector.fromArray(F, c, co + 5 * ldc);
    FloatVector c51 = FloatVector.fromArray(F, c, co + 5 * ldc + LANES);
    for (int k = 0; k < n; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bo + k * PANEL);
      FloatVector b1 = FloatVector.fromArray(F, b, bo + k * PANEL + LANES);
      FloatVector a0 = FloatVector.broadcast(F, a[ao + k]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(F, a[ao + BLOCK + k]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(F, a[ao + 2 * BLOCK + k]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(F, a[ao + 3 * BLOCK + k]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      FloatVector a4 = FloatVector.broadcast(F, a[ao + 4 * BLOCK + k]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      FloatVector a5 = FloatVector.broadcast(F, a[ao + 5 * BLOCK + k]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
    }
    c00.intoArray(c, co);
    c01.intoArray(c, co + LANES);
    c10.intoArray(c, co + ldc);
    c11.intoArray(c, co + ldc + LANES);
    c20.intoArray(c, co + 2 * ldc);
    c21.intoArray(c, co + 2 * ldc + LANES);
    c30.intoArray(c, co + 3 * ldc);
    c31.intoArray(c, co + 3 * ldc + LANES);
    c40.intoArray(c, co + 4 * ldc);
    c41.intoArray(c, co + 4 * ldc + LANES);
    c50.intoArray(c, co + 5 * ldc);
    c51.intoArray(c, co + 5 * ldc + LANES);
  }

  /** {@link #addNn} on a c of zeros. */
  static void setNn(float[] a, int ao, float[] b, int bo, int n, float[] c, int co, int ldc) {
    FloatVector c00 = FloatVector.zero(F);
    FloatVector c01 = FloatVector.zero(F);
    FloatVector c10 = FloatVector.zero(F);
    FloatVector c11 = FloatVector.zero(F);
    FloatVector c20 = FloatVector.zero(F);
    FloatVector c21 = FloatVector.zero(F);
    FloatVector c30 = FloatVector.zero(F);
    FloatVector c31 = FloatVector.zero(F);
    FloatVector c40 = FloatVector.zero(F);
    FloatVector c41 = FloatVector.zero(F);
    FloatVector c50 = FloatVector.zero(F);
    FloatVector c51 = FloatVector.zero(F);
    for (int k = 0; k < n; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bo + k * PANEL);
      FloatVector b1 = FloatVector.fromArray(F, b, bo + k * PANEL + LANES);
      FloatVector a0 = FloatVector.broadcast(F, a[ao + k]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(F, a[ao + BLOCK + k]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(F, a[ao + 2 * BLOCK + k]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(F, a[ao + 3 * BLOCK + k]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      FloatVector a4 = FloatVector.broadcast(F, a[ao + 4 * BLOCK + k]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      FloatVector a5 = FloatVector.broadcast(F, a[ao + 5 * BLOCK + k]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
    }
    c00.intoArray(c, co);
    c01.intoArray(c, co + LANES);
    c10.intoArray(c, co + ldc);
    c11.intoArray(c, co + ldc + LANES);
    c20.intoArray(c, co + 2 * ldc);
    c21.intoArray(c, co + 2 * ldc + LANES);
    c30.intoArray(c, co + 3 * ldc);
    c31.intoArray(c, co + 3 * ldc + LANES);
    c40.intoArray(c, co + 4 * ldc);
    c41.intoArray(c, co + 4 * ldc + LANES);
    c50.intoArray(c, co + 5 * ldc);
    c51.intoArray(c, co + 5 * ldc + LANES);
  }

  /**
   * c = a b with {@code n} columns of a, in parts as {@link AttentionPacking#left} lays them out.
   */
  static void multiply(float[] a, int ao, float[] b, int bo, int n, float[] c, int co, int ldc) {
    setNn(a, ao, b, bo, Math.min(BLOCK, n), c, co, ldc);
    for (int k = BLOCK; k < n; k += BLOCK) {
      addNn(a, ao + k * BLOCK, b, bo + k * PANEL, Math.min(BLOCK, n - k), c, co, ldc);
    }
  }

  /** c[r, :] += sum over k of a[ao + k * BLOCK + r] * b[k, :]: the same with a transposed. */
  static void addTn(float[] a, int ao, float[] b, int bo, int n, float[] c, int co, int ldc) {
    FloatVector c00 = FloatVector.fromArray(F, c, co);
    FloatVector c01 = FloatVector.fromArray(F, c, co + LANES);
    FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
    FloatVector c11 = FloatVector.fromArray(F, c, co + ldc + LANES);
    FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc);
    FloatVector c21 = FloatVector.fromArray(F, c, co + 2 * ldc + LANES);
    FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc);
    FloatVector c31 = FloatVector.fromArray(F, c, co + 3 * ldc + LANES);
    FloatVector c40 = FloatVector.fromArray(F, c, co + 4 * ldc);
    FloatVector c41 = FloatVector.fromArray(F, c, co + 4 * ldc + LANES);
    FloatVector c50 = FloatVector.fromArray(F, c, co + 5 * ldc);
    FloatVector c51 = FloatVector.fromArray(F, c, co + 5 * ldc + LANES);
    for (int k = 0; k < n; k++) {
      FloatVector b0 = FloatVector.fromArray(F, b, bo + k * PANEL);
      FloatVector b1 = FloatVector.fromArray(F, b, bo + k * PANEL + LANES);
      FloatVector a0 = FloatVector.broadcast(F, a[ao + k * BLOCK]);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      FloatVector a1 = FloatVector.broadcast(F, a[ao + k * BLOCK + 1]);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      FloatVector a2 = FloatVector.broadcast(F, a[ao + k * BLOCK + 2]);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      FloatVector a3 = FloatVector.broadcast(F, a[ao + k * BLOCK + 3]);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      FloatVector a4 = FloatVector.broadcast(F, a[ao + k * BLOCK + 4]);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      FloatVector a5 = FloatVector.broadcast(F, a[ao + k * BLOCK + 5]);
      c50 = a5.fma(b0, c50);
      c51 = a5.fma(b1, c51);
    }
    c00.intoArray(c, co);
    c01.intoArray(c, co + LANES);
    c10.intoArray(c, co + ldc);
    c11.intoArray(c, co + ldc + LANES);
    c20.intoArray(c, co + 2 * ldc);
    c21.intoArray(c, co + 2 * ldc + LANES);
    c30.intoArray(c, co + 3 * ldc);
    c31.intoArray(c, co + 3 * ldc + LANES);
    c40.intoArray(c, co + 4 * ldc);
    c41.intoArray(c, co + 4 * ldc + LANES);
    c50.intoArray(c, co + 5 * ldc);
    c51.intoArray(c, co + 5 * ldc + LANES);
  }

  /** {@link #addNn} for a single row. */
  static void addRow(float[] a, int ao, float[] b, int bo, int n, float[] c, int co) {
    FloatVector c0 = FloatVector.fromArray(F, c, co);
    FloatVector c1 = FloatVector.fromArray(F, c, co + LANES);
    for (int k = 0; k < n; k++) {
      FloatVector a0 = FloatVector.broadcast(F, a[ao + k]);
      c0 = a0.fma(FloatVector.fromArray(F, b, bo + k * PANEL), c0);
      c1 = a0.fma(FloatVector.fromArray(F, b, bo + k * PANEL + LANES), c1);
    }
    c0.intoArray(c, co);
    c1.intoArray(c, co + LANES);
  }
}
