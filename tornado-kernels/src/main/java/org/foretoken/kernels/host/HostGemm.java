package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;

/**
 * C = (C +) A op(B): dense matrix products on the CPU, summed in FP32.
 *
 * <p>Operands are row-major in native memory of a shared or automatic arena. A sum over k is the
 * sum, in order, of partial sums over 512 products each, which are chains of fused multiply-adds
 * from zero; with {@code accumulate} the partial sums are added to what C holds. That order depends
 * on nothing but k: an element has the same bits whatever m, n, its row, the number of threads and
 * the vector width are, so decoding one token at a time sees the logits of the full forward pass.
 */
public final class HostGemm {
  /** How the elements of an operand are stored, and rounded before they are multiplied. */
  public enum Operand {
    /** FP32 as it is. */
    F32(GemmSource.Type.F32),
    /** FP32 in memory, rounded to bfloat16 (nearest even) on the way: the BF16 recipe on a CPU. */
    F32_AS_BF16(GemmSource.Type.F32_AS_BF16),
    /** bfloat16 in memory, two bytes an element. */
    BF16(GemmSource.Type.BF16);

    final GemmSource.Type type;

    Operand(GemmSource.Type type) {
      this.type = type;
    }
  }

  private HostGemm() {}

  /** c[m, n] (+)= a[m, k] b[n, k]^T: fprop of a linear layer whose weight is [out, in]. */
  public static void nt(
      HostPool pool,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      int m,
      int n,
      int k,
      boolean accumulate,
      Operand aType,
      Operand bType) {
    nt(pool, a, k, b, k, c, n, m, n, k, accumulate, aType, bType);
  }

  /** As {@link #nt}, with the distance in elements between the rows of each matrix. */
  public static void nt(
      HostPool pool,
      MemorySegment a,
      long lda,
      MemorySegment b,
      long ldb,
      MemorySegment c,
      long ldc,
      int m,
      int n,
      int k,
      boolean accumulate,
      Operand aType,
      Operand bType) {
    GemmSource left = source("a", a, aType, m, k, lda);
    GemmSource right = source("b", b, bType, n, k, ldb);
    GemmSource.check("c", c, Float.BYTES, m, n, ldc);
    new GemmLoop(pool, left, false, right, true, c, ldc).run(m, n, k, accumulate);
  }

  /** c[m, n] (+)= a[m, k] b[k, n]: dgrad of a linear layer whose weight is [out, in]. */
  public static void nn(
      HostPool pool,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      int m,
      int n,
      int k,
      boolean accumulate,
      Operand aType,
      Operand bType) {
    nn(pool, a, k, b, n, c, n, m, n, k, accumulate, aType, bType);
  }

  /** As {@link #nn}, with the distance in elements between the rows of each matrix. */
  public static void nn(
      HostPool pool,
      MemorySegment a,
      long lda,
      MemorySegment b,
      long ldb,
      MemorySegment c,
      long ldc,
      int m,
      int n,
      int k,
      boolean accumulate,
      Operand aType,
      Operand bType) {
    GemmSource left = source("a", a, aType, m, k, lda);
    GemmSource right = source("b", b, bType, k, n, ldb);
    GemmSource.check("c", c, Float.BYTES, m, n, ldc);
    new GemmLoop(pool, left, false, right, false, c, ldc).run(m, n, k, accumulate);
  }

  /** c[m, n] (+)= a[k, m]^T b[k, n]: wgrad of a linear layer. */
  public static void tn(
      HostPool pool,
      MemorySegment a,
      MemorySegment b,
      MemorySegment c,
      int m,
      int n,
      int k,
      boolean accumulate,
      Operand aType,
      Operand bType) {
    tn(pool, a, m, b, n, c, n, m, n, k, accumulate, aType, bType);
  }

  /** As {@link #tn}, with the distance in elements between the rows of each matrix. */
  public static void tn(
      HostPool pool,
      MemorySegment a,
      long lda,
      MemorySegment b,
      long ldb,
      MemorySegment c,
      long ldc,
      int m,
      int n,
      int k,
      boolean accumulate,
      Operand aType,
      Operand bType) {
    GemmSource left = source("a", a, aType, k, m, lda);
    GemmSource right = source("b", b, bType, k, n, ldb);
    GemmSource.check("c", c, Float.BYTES, m, n, ldc);
    new GemmLoop(pool, left, true, right, false, c, ldc).run(m, n, k, accumulate);
  }

  private static GemmSource source(
      String name, MemorySegment data, Operand type, int rows, int columns, long stride) {
    GemmSource.check(name, data, type.type.bytes, rows, columns, stride);
    return GemmSource.plain(data, type.type, stride);
  }
}
