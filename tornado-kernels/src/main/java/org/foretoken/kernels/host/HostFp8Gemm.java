package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;

/**
 * C = (C +) sum over groups g of scaleA(g) scaleB(g) sum over p in g of A[i, p] B[p, j]: the FP8
 * GEMM with fine-grained scales (DeepSeek-V3, arXiv 2412.19437, section 3.3.2).
 *
 * <p>Codes are FP8 bytes, scales FP32, both row-major in native memory. Products of codes are exact
 * in FP32 and summed by fused multiply-adds over each 128 of the inner dimension; the sum is then
 * promoted, c = fma(sum, scaleA * scaleB, c). As in {@link HostGemm} an element has the same bits
 * whatever the shape around it, the number of threads and the vector width are.
 *
 * <p>Scales that are constant over 128 of the inner dimension take that path: 1x128, 128x1,
 * 128x128, per row of the outer dimension, per tensor. Finer or crooked ones (MX blocks of 32) are
 * multiplied into the values while they are packed, rounded to FP32 (exact for MX, whose scales are
 * powers of two), and the product is that of {@link HostGemm}.
 */
public final class HostFp8Gemm {
  /** Extent of a scale group along the inner dimension, and the distance between promotions. */
  public static final int GROUP = GemmTiles.GROUP;

  /** Number format of the codes. */
  public enum Format {
    /** OCP E4M3 (FN). */
    E4M3(GemmSource.Type.E4M3),
    /** OCP E5M2, for gradients in the hybrid recipe. */
    E5M2(GemmSource.Type.E5M2);

    final GemmSource.Type type;

    Format(GemmSource.Type type) {
      this.type = type;
    }
  }

  /**
   * A quantized matrix [rows, columns]: value = code * scale of its tile.
   *
   * @param codes FP8 codes, [rows, columns]
   * @param format number format of the codes
   * @param scales FP32, [ceil(rows / tileRows), ceil(columns / tileColumns)]
   * @param tileRows rows that share a scale; {@link #ALL} for all of them
   * @param tileColumns columns that share a scale; {@link #ALL} for all of them
   */
  public record Operand(
      MemorySegment codes, Format format, MemorySegment scales, int tileRows, int tileColumns) {
    /** Tile extent that covers a whole row or column. */
    public static final int ALL = Integer.MAX_VALUE;

    /** Checks that the tile has at least one element. */
    public Operand {
      if (tileRows < 1 || tileColumns < 1) {
        throw new IllegalArgumentException(
            "FP8 operand: expected a scale tile of at least 1x1, found "
                + tileRows
                + "x"
                + tileColumns);
      }
    }

    /** E4M3 codes with a scale for each 1x128: activations in fprop, gradients in dgrad. */
    public static Operand rows1x128(MemorySegment codes, MemorySegment scales) {
      return new Operand(codes, Format.E4M3, scales, 1, GROUP);
    }

    /** E4M3 codes with a scale for each 128x1: both operands of wgrad. */
    public static Operand columns128x1(MemorySegment codes, MemorySegment scales) {
      return new Operand(codes, Format.E4M3, scales, GROUP, 1);
    }

    /** E4M3 codes with a scale for each 128x128: weights. */
    public static Operand blocks128x128(MemorySegment codes, MemorySegment scales) {
      return new Operand(codes, Format.E4M3, scales, GROUP, GROUP);
    }
  }

  private HostFp8Gemm() {}

  /**
   * y[m, n] = x[m, k] w[n, k]^T with x in 1x128 and w in 128x128 tiles, E4M3.
   *
   * @param xScales [m, ceil(k/128)]
   * @param wScales [ceil(n/128), ceil(k/128)]
   */
  public static void fprop(
      HostPool pool,
      MemorySegment x,
      MemorySegment xScales,
      MemorySegment w,
      MemorySegment wScales,
      MemorySegment y,
      int m,
      int n,
      int k) {
    nt(pool, Operand.rows1x128(x, xScales), Operand.blocks128x128(w, wScales), y, m, n, k, false);
  }

  /**
   * dx[m, k] = dy[m, n] w[n, k] with dy in 1x128 and w in 128x128 tiles, E4M3.
   *
   * @param dyScales [m, ceil(n/128)]
   * @param wScales [ceil(n/128), ceil(k/128)]
   */
  public static void dgrad(
      HostPool pool,
      MemorySegment dy,
      MemorySegment dyScales,
      MemorySegment w,
      MemorySegment wScales,
      MemorySegment dx,
      int m,
      int n,
      int k) {
    nn(
        pool,
        Operand.rows1x128(dy, dyScales),
        Operand.blocks128x128(w, wScales),
        dx,
        m,
        k,
        n,
        false);
  }

  /**
   * dw[n, k] (+)= dy[m, n]^T x[m, k] with both in 128x1 tiles, E4M3.
   *
   * @param dyScales [ceil(m/128), n]
   * @param xScales [ceil(m/128), k]
   */
  public static void wgrad(
      HostPool pool,
      MemorySegment dy,
      MemorySegment dyScales,
      MemorySegment x,
      MemorySegment xScales,
      MemorySegment dw,
      int m,
      int n,
      int k,
      boolean accumulate) {
    tn(
        pool,
        Operand.columns128x1(dy, dyScales),
        Operand.columns128x1(x, xScales),
        dw,
        n,
        k,
        m,
        accumulate);
  }

  /** c[m, n] (+)= a[m, k] b[n, k]^T. */
  public static void nt(
      HostPool pool,
      Operand a,
      Operand b,
      MemorySegment c,
      int m,
      int n,
      int k,
      boolean accumulate) {
    boolean promote = alongInner(a.tileColumns(), k) && alongInner(b.tileColumns(), k);
    GemmSource left = source("a", a, m, k, promote);
    GemmSource right = source("b", b, n, k, promote);
    GemmSource.check("c", c, Float.BYTES, m, n, n);
    new GemmLoop(pool, left, false, right, true, c, n).run(m, n, k, accumulate);
  }

  /** c[m, n] (+)= a[m, k] b[k, n]. */
  public static void nn(
      HostPool pool,
      Operand a,
      Operand b,
      MemorySegment c,
      int m,
      int n,
      int k,
      boolean accumulate) {
    boolean promote = alongInner(a.tileColumns(), k) && alongInner(b.tileRows(), k);
    GemmSource left = source("a", a, m, k, promote);
    GemmSource right = source("b", b, k, n, promote);
    GemmSource.check("c", c, Float.BYTES, m, n, n);
    new GemmLoop(pool, left, false, right, false, c, n).run(m, n, k, accumulate);
  }

  /** c[m, n] (+)= a[k, m]^T b[k, n]. */
  public static void tn(
      HostPool pool,
      Operand a,
      Operand b,
      MemorySegment c,
      int m,
      int n,
      int k,
      boolean accumulate) {
    boolean promote = alongInner(a.tileRows(), k) && alongInner(b.tileRows(), k);
    GemmSource left = source("a", a, k, m, promote);
    GemmSource right = source("b", b, k, n, promote);
    GemmSource.check("c", c, Float.BYTES, m, n, n);
    new GemmLoop(pool, left, true, right, false, c, n).run(m, n, k, accumulate);
  }

  /** Whether scales are constant over each 128 of an inner dimension of length {@code k}. */
  static boolean alongInner(int tile, int k) {
    return tile % GROUP == 0 || tile >= k;
  }

  static GemmSource source(String name, Operand x, int rows, int columns, boolean promote) {
    GemmSource.check(name + " codes", x.codes(), 1, rows, columns, columns);
    long scaleRows = Math.ceilDiv(rows, x.tileRows());
    long scaleColumns = Math.ceilDiv(columns, x.tileColumns());
    GemmSource.check(
        name + " scales", x.scales(), Float.BYTES, scaleRows, scaleColumns, scaleColumns);
    GemmScales scales = new GemmScales(x.scales(), x.tileRows(), x.tileColumns(), scaleColumns);
    return new GemmSource(x.codes(), x.format().type, columns, scales, !promote);
  }
}
