package org.foretoken.kernels.host;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.foretoken.kernels.host.GemmTiles.GROUP;
import static org.foretoken.kernels.host.GemmTiles.KC;
import static org.foretoken.kernels.host.GemmTiles.LANES;
import static org.foretoken.kernels.host.GemmTiles.LEFT_STRIDE;
import static org.foretoken.kernels.host.GemmTiles.MR;
import static org.foretoken.kernels.host.GemmTiles.NR;
import static org.foretoken.kernels.host.GemmTiles.SERIAL_WORK;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicBoolean;
import org.foretoken.fp8.E4M3;

/**
 * y[m, n] = x[m, k] w[n, k]^T with w packed once: for decoding, where m is 1 to 16 and packing on
 * every call would cost more than the product.
 *
 * <p>The packed weight is [ceil(n / NR)][k][NR], NR the columns of a register tile: columns that
 * are computed together lie together, and a product streams through the weight once. FP8 codes stay
 * bytes and bfloat16 stays two bytes until a block of them is in the first-level cache, so their
 * products need a quarter and half of the memory traffic of FP32. Codes may also be widened to
 * bfloat16: where memory is not the limit, that is faster. Results have the bits of {@link
 * HostGemm#nt} and {@link HostFp8Gemm#fprop} on the same operands.
 *
 * <p>The layout depends on the machine's vector width; it is for memory, not for files.
 */
public final class HostPackedWeight {
  private static final ByteOrder LE = ByteOrder.LITTLE_ENDIAN;
  private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT.withOrder(LE);
  private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT.withOrder(LE);

  private static final float SHIFT = Math.scalb(1f, GemmStream.SHIFT);

  /** Rows of x that one pass over the weight serves. */
  private static final int ROWS = 64;

  private final MemorySegment packed;
  private final GemmSource source;
  private final GemmScales scales;
  private final boolean hasNan;
  private final int n;
  private final int k;

  private HostPackedWeight(
      MemorySegment packed, GemmSource.Type type, GemmScales scales, boolean hasNan, int n, int k) {
    this.packed = packed;
    this.source = GemmSource.plain(packed, type, NR);
    this.scales = scales;
    this.hasNan = hasNan;
    this.n = n;
    this.k = k;
  }

  /**
   * Packs a weight of FP32 or bfloat16 elements into memory of {@code arena}, which must be shared
   * or automatic. {@link HostGemm.Operand#F32_AS_BF16} rounds it and keeps two bytes an element.
   *
   * @param w [n, k]
   */
  public static HostPackedWeight pack(
      HostPool pool, Arena arena, MemorySegment w, int n, int k, HostGemm.Operand type) {
    GemmSource.check("w", w, type.type.bytes, n, k, k);
    boolean wide = type == HostGemm.Operand.F32;
    GemmSource from = GemmSource.plain(w, type.type, k);
    MemorySegment to = allocate(arena, n, k, wide ? Float.BYTES : Short.BYTES);
    pool.parallelFor(GemmTiles.slivers(n), 1, (b, e) -> packFloats(from, to, wide, n, k, b, e));
    return new HostPackedWeight(
        to, wide ? GemmSource.Type.F32 : GemmSource.Type.BF16, null, false, n, k);
  }

  /**
   * Packs a weight of E4M3 codes in 128x128 tiles into memory of {@code arena}, which must be
   * shared or automatic.
   *
   * @param codes [n, k]
   * @param scales FP32 [ceil(n/128), ceil(k/128)]; not copied
   */
  public static HostPackedWeight packFp8(
      HostPool pool, Arena arena, MemorySegment codes, MemorySegment scales, int n, int k) {
    GemmSource from =
        HostFp8Gemm.source("w", HostFp8Gemm.Operand.blocks128x128(codes, scales), n, k, true);
    MemorySegment to = allocate(arena, n, k, 1);
    AtomicBoolean nan = new AtomicBoolean();
    pool.parallelFor(
        GemmTiles.slivers(n),
        1,
        (b, e) -> {
          if (packCodes(codes, to, n, k, b, e)) {
            nan.set(true);
          }
        });
    return new HostPackedWeight(to, GemmSource.Type.E4M3, from.scales(), nan.get(), n, k);
  }

  /**
   * Packs the same weight with its codes widened to bfloat16, which holds them exactly: twice the
   * memory, and half the work to make floats of them.
   */
  public static HostPackedWeight packFp8Wide(
      HostPool pool, Arena arena, MemorySegment codes, MemorySegment scales, int n, int k) {
    GemmSource from =
        HostFp8Gemm.source("w", HostFp8Gemm.Operand.blocks128x128(codes, scales), n, k, true);
    MemorySegment to = allocate(arena, n, k, Short.BYTES);
    pool.parallelFor(GemmTiles.slivers(n), 1, (b, e) -> packFloats(from, to, false, n, k, b, e));
    return new HostPackedWeight(to, GemmSource.Type.BF16, from.scales(), false, n, k);
  }

  /**
   * Place of column {@code j} among the bfloat16 elements of a sliver's row: beside the column a
   * vector further on, so that one vector of pairs becomes two of floats by a shift and a mask.
   */
  private static int paired(int j) {
    return j < LANES ? 2 * j : 2 * (j - LANES) + 1;
  }

  private static MemorySegment allocate(Arena arena, int n, int k, int bytes) {
    return arena.allocate(Math.max(1L, (long) GemmTiles.slivers(n) * NR * k * bytes), 64);
  }

  private static void packFloats(
      GemmSource from, MemorySegment to, boolean wide, int n, int k, int begin, int end) {
    float[] sliver = GemmScratch.get().sliver;
    for (int s = begin; s < end; s++) {
      int columns = Math.min(NR, n - s * NR);
      for (int p = 0; p < k; p += KC) {
        int kb = Math.min(KC, k - p);
        GemmPacking.rightRows(from, s * NR, columns, p, kb, sliver, 0);
        long at = ((long) s * k + p) * NR;
        for (int i = 0; i < kb * NR; i++) {
          if (wide) {
            to.setAtIndex(F32, at + i, sliver[i]);
          } else {
            short bits = (short) (Float.floatToRawIntBits(sliver[i]) >>> 16);
            to.setAtIndex(I16, at + i - i % NR + paired(i % NR), bits);
          }
        }
      }
    }
  }

  /** Returns whether there is a NaN among the codes. */
  private static boolean packCodes(
      MemorySegment from, MemorySegment to, int n, int k, int begin, int end) {
    boolean nan = false;
    for (int s = begin; s < end; s++) {
      int columns = Math.min(NR, n - s * NR);
      for (int j = 0; j < columns; j++) {
        long row = (long) (s * NR + j) * k;
        long at = (long) s * k * NR + j;
        for (int p = 0; p < k; p++) {
          byte code = from.get(JAVA_BYTE, row + p);
          nan |= (code & 0x7f) == E4M3.NAN_CODE;
          to.set(JAVA_BYTE, at + (long) p * NR, code);
        }
      }
    }
    return nan;
  }

  /** Output features, the rows of the weight. */
  public int n() {
    return n;
  }

  /** Input features, the columns of the weight. */
  public int k() {
    return k;
  }

  /** Whether the weight holds FP8 codes, and so takes quantized activations. */
  public boolean isFp8() {
    return scales != null;
  }

  /**
   * y[m, n] = x[m, k] w^T, for a weight of FP32 or bfloat16.
   *
   * @param xType how x is stored and rounded
   */
  public void multiply(
      HostPool pool, MemorySegment x, HostGemm.Operand xType, MemorySegment y, int m) {
    if (isFp8()) {
      throw new IllegalArgumentException(
          "packed weight: expected FP32 or BF16, found E4M3 codes; use multiplyFp8");
    }
    GemmSource.check("x", x, xType.type.bytes, m, k, k);
    GemmSource.check("y", y, Float.BYTES, m, n, n);
    run(pool, GemmSource.plain(x, xType.type, k), y, m);
  }

  /**
   * y[m, n] = x[m, k] w^T, for a weight of E4M3 codes and E4M3 activations in 1x128 tiles.
   *
   * @param xScales FP32 [m, ceil(k/128)]
   */
  public void multiplyFp8(
      HostPool pool, MemorySegment x, MemorySegment xScales, MemorySegment y, int m) {
    if (!isFp8()) {
      throw new IllegalArgumentException(
          "packed weight: expected E4M3 codes, found " + source.type() + "; use multiply");
    }
    GemmSource.check("y", y, Float.BYTES, m, n, n);
    HostFp8Gemm.Operand operand = HostFp8Gemm.Operand.rows1x128(x, xScales);
    run(pool, HostFp8Gemm.source("x", operand, m, k, true), y, m);
  }

  private void run(HostPool pool, GemmSource x, MemorySegment y, int m) {
    int slivers = GemmTiles.slivers(n);
    int grain = Math.max(1, Math.min(8, slivers / (4 * pool.threads())));
    for (int row = 0; row < m; row += ROWS) {
      int first = row;
      int rows = Math.min(ROWS, m - row);
      GemmScratch panels = GemmScratch.get();
      int blocks = Math.ceilDiv(k, KC);
      float[] left = panels.left(Math.max(1, blocks) * ROWS);
      float[] leftScales = isFp8() ? panels.leftScales(Math.max(1, blocks) * ROWS) : null;
      for (int block = 0; block < blocks; block++) {
        packLeft(x, row, rows, block, left, leftScales);
      }
      HostPool.Range body = (b, e) -> product(left, leftScales, y, first, rows, b, e);
      if ((long) rows * n * k <= SERIAL_WORK) {
        body.run(0, slivers);
      } else {
        pool.parallelFor(slivers, grain, body);
      }
    }
  }

  private void packLeft(
      GemmSource x, int row, int rows, int block, float[] left, float[] leftScales) {
    int p = block * KC;
    int kb = Math.min(KC, k - p);
    int at = block * ROWS * LEFT_STRIDE;
    GemmPacking.leftRows(x, row, rows, p, kb, left, at);
    boolean shifted = source.type() == GemmSource.Type.E4M3 && streams(rows);
    for (int i = 0; shifted && i < rows; i++) {
      for (int q = 0; q < kb; q++) {
        left[at + i * LEFT_STRIDE + q] *= SHIFT;
      }
    }
    for (int g = 0; isFp8() && g * GROUP < kb; g++) {
      int to = (block * (KC / GROUP) + g) * ROWS;
      x.scales().column(row, p + g * GROUP, leftScales, to, rows);
    }
  }

  /** Whether a product of so many rows takes the weight straight from memory. */
  private boolean streams(int rows) {
    return rows <= GemmStream.ROWS && !hasNan;
  }

  @SuppressWarnings("NarrowCalculation") // a column of the matrix is an int
  private void product(
      float[] left, float[] leftScales, MemorySegment y, int row, int rows, int begin, int end) {
    GemmScratch scratch = GemmScratch.get();
    int s = begin;
    int wide = GemmFewRows.slivers(source.type(), rows);
    if (k > 0 && wide > 1 && streams(rows)) {
      for (; s + wide <= end && (s + wide) * NR <= n; s += wide) {
        fewRows(scratch, left, leftScales, y, row, rows, s, wide);
      }
    }
    for (; s < end; s++) {
      int columns = Math.min(NR, n - s * NR);
      if (k == 0) {
        zero(y, row, rows, s * NR, columns);
      }
      for (int p = 0; p < k; p += KC) {
        int kb = Math.min(KC, k - p);
        if (!streams(rows)) {
          if (source.type() == GemmSource.Type.BF16) {
            GemmStream.unpair(packed, ((long) s * k + p) * NR * Short.BYTES, kb, scratch.sliver);
          } else {
            source.read(s * k + p, 0, scratch.sliver, 0, NR, kb * NR);
          }
        }
        for (int g = 0; isFp8() && g * GROUP < kb; g++) {
          scales.column(s * NR, p + g * GROUP, scratch.sliverScales, g * NR, columns);
        }
        for (int i = 0; i < rows; i += MR) {
          int height = Math.min(MR, rows - i);
          sums(scratch, left, (p / KC * ROWS + i) * LEFT_STRIDE, height, rows, s, p, kb);
          long at = ((long) (row + i) * n + s * NR) * Float.BYTES;
          if (isFp8()) {
            int ls = p / KC * (KC / GROUP) * ROWS + i;
            GemmTile.scaled(
                scratch,
                0,
                Math.ceilDiv(kb, GROUP),
                leftScales,
                ls,
                ROWS,
                scratch.sliverScales,
                0,
                height,
                columns,
                y,
                at,
                n,
                p > 0);
          } else {
            GemmTile.plain(scratch, 0, height, columns, y, at, n, p > 0);
          }
        }
      }
    }
  }

  /** One or two rows by several whole slivers at a time; see {@link GemmFewRows}. */
  @SuppressWarnings("NarrowCalculation") // a column of the matrix is an int
  private void fewRows(
      GemmScratch scratch,
      float[] left,
      float[] leftScales,
      MemorySegment y,
      int row,
      int rows,
      int s,
      int wide) {
    int interval = isFp8() ? GROUP : KC;
    int bytes = source.type().bytes;
    long next = (long) k * NR * bytes;
    for (int p = 0; p < k; p += KC) {
      int kb = Math.min(KC, k - p);
      int l = p / KC * ROWS * LEFT_STRIDE;
      for (int q = 0, to = 0; q < kb; q += interval, to += MR * NR) {
        int length = Math.min(interval, kb - q);
        long at = ((long) s * k + p + q) * NR * bytes;
        GemmFewRows.tile(
            source.type(), rows, left, l + q, packed, at, next, length, scratch.sums, to);
      }
      for (int t = 0; t < wide; t++) {
        long at = ((long) row * n + (s + t) * NR) * Float.BYTES;
        int sums = t * rows * NR;
        if (isFp8()) {
          for (int g = 0; g * GROUP < kb; g++) {
            scales.column((s + t) * NR, p + g * GROUP, scratch.sliverScales, g * NR, NR);
          }
          int ls = p / KC * (KC / GROUP) * ROWS;
          GemmTile.scaled(
              scratch,
              sums,
              Math.ceilDiv(kb, GROUP),
              leftScales,
              ls,
              ROWS,
              scratch.sliverScales,
              0,
              rows,
              NR,
              y,
              at,
              n,
              p > 0);
        } else {
          GemmTile.plain(scratch, sums, rows, NR, y, at, n, p > 0);
        }
      }
    }
  }

  /** The sums of one register tile over each promotion interval of a panel. */
  private void sums(
      GemmScratch scratch, float[] left, int l, int height, int rows, int s, int p, int kb) {
    int interval = isFp8() ? GROUP : KC;
    for (int q = 0, to = 0; q < kb; q += interval, to += MR * NR) {
      int length = Math.min(interval, kb - q);
      if (streams(rows)) {
        long at = ((long) s * k + p + q) * NR * source.type().bytes;
        GemmStream.tile(source.type(), height, left, l + q, packed, at, length, scratch.sums, to);
      } else {
        GemmKernels.tile(height, left, l + q, scratch.sliver, q * NR, length, scratch.sums, to);
      }
    }
  }

  private void zero(MemorySegment y, int row, int rows, int column, int columns) {
    for (int i = row; i < row + rows; i++) {
      y.asSlice(((long) i * n + column) * Float.BYTES, (long) columns * Float.BYTES).fill((byte) 0);
    }
  }
}
