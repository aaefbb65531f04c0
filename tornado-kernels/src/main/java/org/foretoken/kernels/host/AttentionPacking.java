package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.AttentionTiles.BLOCK;
import static org.foretoken.kernels.host.AttentionTiles.PANEL;
import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Brings rows of a matrix in native memory into the layouts of {@link AttentionTiles}. Rows are
 * given by their first byte, since the heads of a group lie side by side within rows.
 */
final class AttentionPacking {
  private AttentionPacking() {}

  /**
   * Left operand, transposed: dst[c * BLOCK + r] = row r, column c; zeros for rows up to {@code
   * padded}.
   *
   * @param padded rows to fill, rounded up to whole vectors; at most BLOCK
   */
  static void left(
      MemorySegment s, long[] rows, int n, int padded, int columns, float[] dst, AttentionScratch t) {
    for (int r = 0; r < padded; r += LANES) {
      for (int c = 0; c < columns; c += LANES) {
        square(s, rows, r, n - r, c, columns - c, t.square);
        GemmTranspose.block(t.square, 0, LANES, dst, c * BLOCK + r, BLOCK, t.halfway);
      }
    }
  }

  /**
   * Right operand, transposed: column j of panel p is row p * PANEL + j; [panel][padded
   * columns][PANEL], zeros where there is no row.
   */
  static void rightTransposed(
      MemorySegment s, long[] rows, int n, int columns, float[] dst, AttentionScratch t) {
    int panel = padded(columns) * PANEL;
    for (int r = 0; r < AttentionTiles.panels(n) * PANEL; r += LANES) {
      int to = r / PANEL * panel + r % PANEL;
      for (int c = 0; c < columns; c += LANES) {
        square(s, rows, r, n - r, c, columns - c, t.square);
        GemmTranspose.block(t.square, 0, LANES, dst, to + c * PANEL, PANEL, t.halfway);
      }
    }
  }

  /** Right operand as it is: [panel][BLOCK rows][PANEL], zeros beyond the last column. */
  static void right(MemorySegment s, long[] rows, int n, int columns, float[] dst) {
    for (int p = 0; p < AttentionTiles.panels(columns); p++) {
      for (int half = 0; half < PANEL; half += LANES) {
        int c = p * PANEL + half;
        int to = p * BLOCK * PANEL + half;
        if (c + LANES <= columns) {
          copy(s, rows, n, (long) c << 2, dst, to);
        } else {
          copyPart(s, rows, n, (long) c << 2, Math.max(0, columns - c), dst, to);
        }
      }
    }
  }

  private static void copy(MemorySegment s, long[] rows, int n, long column, float[] dst, int to) {
    for (int r = 0; r < n; r++) {
      load(s, rows[r] + column).intoArray(dst, to + r * PANEL);
    }
  }

  private static void copyPart(
      MemorySegment s, long[] rows, int n, long column, int columns, float[] dst, int to) {
    for (int r = 0; r < n; r++) {
      FloatVector v =
          columns == 0
              ? FloatVector.zero(F)
              : load(s, rows[r] + column, HostMath.first(columns));
      v.intoArray(dst, to + r * PANEL);
    }
  }

  /** Columns of a transposed operand, rounded up to whole vectors. */
  static int padded(int columns) {
    return Math.ceilDiv(columns, LANES) * LANES;
  }

  /** A LANES x LANES square from row {@code r}, column {@code c}, with zeros outside the matrix. */
  private static void square(
      MemorySegment s, long[] rows, int r, int height, int c, int width, float[] tmp) {
    long column = (long) c << 2;
    for (int i = 0; i < LANES; i++) {
      if (i >= height) {
        FloatVector.zero(F).intoArray(tmp, i * LANES);
      } else if (width >= LANES) {
        load(s, rows[r + i] + column).intoArray(tmp, i * LANES);
      } else {
        load(s, rows[r + i] + column, HostMath.first(width)).intoArray(tmp, i * LANES);
      }
    }
  }
}
