package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.GemmTiles.GROUP;
import static org.foretoken.kernels.host.GemmTiles.KC;
import static org.foretoken.kernels.host.GemmTiles.LEFT_STRIDE;
import static org.foretoken.kernels.host.GemmTiles.MB;
import static org.foretoken.kernels.host.GemmTiles.MC;
import static org.foretoken.kernels.host.GemmTiles.MR;
import static org.foretoken.kernels.host.GemmTiles.NC;
import static org.foretoken.kernels.host.GemmTiles.NR;
import static org.foretoken.kernels.host.GemmTiles.SERIAL_WORK;

import java.lang.foreign.MemorySegment;

/**
 * The loop nest around the register tiles: c (+)= left right, in panels that fit the caches.
 *
 * <pre>
 * for jc over n by NC, pc over k by KC, ic over m by MB
 *   in parallel: pack right[pc, jc] and left[ic, pc]
 *   in parallel over blocks of c: for each tile of MR rows, for each sliver of 2 vectors
 *     sums = register tile over KC;             c += sums            (plain operands)
 *     sums = register tile over each GROUP;     c += sums * scales   (scaled operands)
 * </pre>
 *
 * <p>An element of c is touched by one task per (jc, pc, ic), and those follow each other in the
 * order of pc: its value depends on k alone, not on m, n, the number of threads or the tile.
 */
final class GemmLoop {
  private final HostPool pool;
  private final GemmSource a;
  private final boolean aTransposed;
  private final GemmSource b;
  private final boolean bTransposed;
  private final MemorySegment c;
  private final long cStride;
  private final boolean scaled;

  // The panels at hand; written between parallel loops only.
  private float[] left;
  private float[] right;
  private float[] leftScales;
  private float[] rightScales;
  private int ic;
  private int mb;
  private int jc;
  private int nb;
  private int pc;
  private int kb;
  private boolean add;

  /**
   * A product whose left operand is {@code a[m, k]}, or {@code a[k, m]} when {@code aTransposed},
   * and whose right operand is {@code b[k, n]}, or {@code b[n, k]} when {@code bTransposed}.
   */
  GemmLoop(
      HostPool pool,
      GemmSource a,
      boolean aTransposed,
      GemmSource b,
      boolean bTransposed,
      MemorySegment c,
      long cStride) {
    this.pool = pool;
    this.a = a;
    this.aTransposed = aTransposed;
    this.b = b;
    this.bTransposed = bTransposed;
    this.c = c;
    this.cStride = cStride;
    this.scaled = a.scales() != null && !a.dequantize();
  }

  /** Runs the product: c[m, n] = or += the sum over k. */
  void run(int m, int n, int k, boolean accumulate) {
    if (m == 0 || n == 0) {
      return;
    }
    if (k == 0) {
      clear(m, n, accumulate);
      return;
    }
    boolean serial = (long) m * n * k <= SERIAL_WORK;
    GemmScratch panels = GemmScratch.get();
    int nc = GemmScratch.roundUp(Math.ceilDiv(n, Math.ceilDiv(n, NC)), NR);
    for (jc = 0; jc < n; jc += nc) {
      nb = Math.min(nc, n - jc);
      right = panels.right(nb);
      rightScales = scaled ? panels.rightScales(GemmScratch.roundUp(nb, NR)) : null;
      for (pc = 0; pc < k; pc += KC) {
        kb = Math.min(KC, k - pc);
        add = accumulate || pc > 0;
        for (ic = 0; ic < m; ic += MB) {
          mb = Math.min(MB, m - ic);
          left = panels.left(mb);
          leftScales = scaled ? panels.leftScales(mb) : null;
          pack(serial, ic == 0);
          compute(serial);
        }
      }
    }
  }

  private void clear(int m, int n, boolean accumulate) {
    for (int i = 0; i < m && !accumulate; i++) {
      c.asSlice(i * cStride * Float.BYTES, (long) n * Float.BYTES).fill((byte) 0);
    }
  }

  private void pack(boolean serial, boolean withRight) {
    int leftSteps = Math.ceilDiv(mb, GemmScratch.STEP);
    int width = rightWidth(serial);
    int rightSteps = withRight ? Math.ceilDiv(nb, width) : 0;
    HostPool.Range body =
        (begin, end) -> {
          for (int i = begin; i < end; i++) {
            if (i < leftSteps) {
              packLeft(i * GemmScratch.STEP);
            } else {
              packRight((i - leftSteps) * width, width);
            }
          }
        };
    loop(serial, leftSteps + rightSteps, body);
  }

  private void loop(boolean serial, int count, HostPool.Range body) {
    if (serial) {
      body.run(0, count);
    } else {
      pool.parallelFor(count, 1, body);
    }
  }

  private void packLeft(int i) {
    int rows = Math.min(GemmScratch.STEP, mb - i);
    int at = i * LEFT_STRIDE;
    if (aTransposed) {
      GemmPacking.leftColumns(a, pc, kb, ic + i, rows, left, at);
    } else {
      GemmPacking.leftRows(a, ic + i, rows, pc, kb, left, at);
    }
    for (int g = 0; scaled && g * GROUP < kb; g++) {
      if (aTransposed) {
        a.scales().row(pc + g * GROUP, ic + i, leftScales, g * mb + i, rows);
      } else {
        a.scales().column(ic + i, pc + g * GROUP, leftScales, g * mb + i, rows);
      }
    }
  }

  /** Columns that one packing step handles: rows are read in long stretches where they can be. */
  private int rightWidth(boolean serial) {
    int slivers = GemmTiles.slivers(nb);
    int share = serial ? slivers : slivers / (2 * pool.threads());
    return bTransposed ? NR : NR * Math.clamp(share, 1, 4);
  }

  private void packRight(int j, int width) {
    int columns = Math.min(width, nb - j);
    int at = j * KC;
    if (bTransposed) {
      GemmPacking.rightRows(b, jc + j, columns, pc, kb, right, at);
    } else {
      GemmPacking.rightColumns(b, pc, kb, jc + j, columns, right, at);
    }
    for (int g = 0; scaled && g * GROUP < kb; g++) {
      int to = j * (KC / GROUP) + g * NR;
      for (int i = 0; i < columns; i += NR, to += NR * (KC / GROUP)) {
        int length = Math.min(NR, columns - i);
        if (bTransposed) {
          b.scales().column(jc + j + i, pc + g * GROUP, rightScales, to, length);
        } else {
          b.scales().row(pc + g * GROUP, jc + j + i, rightScales, to, length);
        }
      }
    }
  }

  private void compute(boolean serial) {
    int tiles = GemmTiles.tiles(mb);
    int slivers = GemmTiles.slivers(nb);
    int height = Math.min(tiles, MC / MR);
    int width = slivers;
    int wanted = serial ? 1 : 4 * pool.threads();
    while (width > 4 && Math.ceilDiv(tiles, height) * Math.ceilDiv(slivers, width) < wanted) {
      width = Math.ceilDiv(width, 2);
    }
    while (height > 2 && Math.ceilDiv(tiles, height) * Math.ceilDiv(slivers, width) < wanted) {
      height = Math.ceilDiv(height, 2);
    }
    int taskHeight = height;
    int taskWidth = width;
    int down = Math.ceilDiv(tiles, height);
    int across = Math.ceilDiv(slivers, width);
    HostPool.Range body =
        (begin, end) -> {
          for (int task = begin; task < end; task++) {
            int t = task / across * taskHeight;
            int s = task % across * taskWidth;
            block(t, Math.min(tiles, t + taskHeight), s, Math.min(slivers, s + taskWidth));
          }
        };
    loop(serial, down * across, body);
  }

  @SuppressWarnings("NarrowCalculation") // a column of the matrix is an int
  private void block(int tileBegin, int tileEnd, int sliverBegin, int sliverEnd) {
    GemmScratch scratch = GemmScratch.get();
    for (int t = tileBegin; t < tileEnd; t++) { // its rows stay in the first-level cache
      int i = t * MR;
      int rows = Math.min(MR, mb - i);
      for (int s = sliverBegin; s < sliverEnd; s++) {
        int columns = Math.min(NR, nb - s * NR);
        long at = ((ic + i) * cStride + jc + s * NR) * Float.BYTES;
        sums(scratch, i, rows, s);
        if (scaled) {
          int r = s * NR * (KC / GROUP);
          GemmTile.scaled(
              scratch,
              0,
              Math.ceilDiv(kb, GROUP),
              leftScales,
              i,
              mb,
              rightScales,
              r,
              rows,
              columns,
              c,
              at,
              cStride,
              add);
        } else {
          GemmTile.plain(scratch, 0, rows, columns, c, at, cStride, add);
        }
      }
    }
  }

  /** The sums of one register tile over each promotion interval of the panels. */
  private void sums(GemmScratch scratch, int i, int rows, int s) {
    int interval = scaled ? GROUP : KC;
    int l = i * LEFT_STRIDE;
    int r = s * NR * KC;
    for (int p = 0, to = 0; p < kb; p += interval, to += MR * NR) {
      int length = Math.min(interval, kb - p);
      GemmKernels.tile(rows, left, l + p, right, r + p * NR, length, scratch.sums, to);
    }
  }
}
