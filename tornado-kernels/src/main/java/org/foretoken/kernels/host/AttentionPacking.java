package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.AttentionTiles.BLOCK;
import static org.foretoken.kernels.host.AttentionTiles.PANEL;
import static org.foretoken.kernels.host.HostMath.F;
import static org.foretoken.kernels.host.HostMath.LANES;
import static org.foretoken.kernels.host.HostMath.load;

import jdk.incubator.vector.FloatVector;

/**
 * Brings rows of a matrix in native memory into the layouts of {@link AttentionTiles}. Rows are
 * given by their first byte, since the heads of a group lie side by side within rows.
 */
final class AttentionPacking {
  private AttentionPacking() {}

  /**
   * Left operand: [part][row][BLOCK], each part BLOCK columns wide.
   *
   * @param at where in {@code dst} the first row of the first part goes
   */
  static void left(long s, long[] rows, int n, int columns, float[] dst, int at) {
    for (int c = 0; c < columns; c += LANES) {
      int to = at + c / BLOCK * BLOCK * BLOCK + c % BLOCK;
      if (c + LANES <= columns) {
        copy(s, rows, n, 4L * c, dst, to, BLOCK);
      } else {
        copyPart(s, rows, n, 4L * c, columns - c, dst, to, BLOCK);
      }
    }
  }

  /** Floats that a left operand of BLOCK rows takes. */
  static int leftSize(int columns) {
    return Math.ceilDiv(columns, BLOCK) * BLOCK * BLOCK;
  }

  /**
   * Right operand, transposed: column j of panel p is row p * PANEL + j; [panel][columns rounded up
   * to whole vectors][PANEL]. Columns without a row hold anything finite.
   */
  static void rightTransposed(
      long s, long[] rows, int n, int columns, float[] dst, AttentionScratch scratch) {
    int panel = padded(columns) * PANEL;
    for (int r = 0; r < n; r += LANES) {
      int to = r / PANEL * panel + r % PANEL;
      for (int c = 0; c < columns; c += LANES) {
        if (r + LANES <= n && c + LANES <= columns) {
          square(s + 4L * c, rows, r, scratch.square);
        } else {
          partialSquare(s + 4L * c, rows, r, n - r, columns - c, scratch.square);
        }
        GemmTranspose.block(scratch.square, 0, LANES, dst, to + c * PANEL, PANEL, scratch.halfway);
      }
    }
  }

  /** Columns of a transposed operand, rounded up to whole vectors. */
  static int padded(int columns) {
    return Math.ceilDiv(columns, LANES) * LANES;
  }

  private static void square(long s, long[] rows, int r, float[] square) {
    for (int i = 0; i < LANES; i++) {
      load(s + rows[r + i]).intoArray(square, i * LANES);
    }
  }

  private static void partialSquare(
      long s, long[] rows, int r, int height, int width, float[] square) {
    java.util.Arrays.fill(square, 0f);
    for (int i = 0; i < Math.min(LANES, height); i++) {
      load(s + rows[r + i], HostMath.first(width)).intoArray(square, i * LANES);
    }
  }

  /** Right operand as it is: [panel][BLOCK rows][PANEL], zeros beyond the last column. */
  static void right(long s, long[] rows, int n, int columns, float[] dst) {
    for (int p = 0; p < AttentionTiles.panels(columns); p++) {
      for (int half = 0; half < PANEL; half += LANES) {
        int c = p * PANEL + half;
        int to = p * BLOCK * PANEL + half;
        if (c + LANES <= columns) {
          copy(s, rows, n, 4L * c, dst, to, PANEL);
        } else {
          copyPart(s, rows, n, 4L * c, Math.max(0, columns - c), dst, to, PANEL);
        }
      }
    }
  }

  private static void copy(
      long s, long[] rows, int n, long column, float[] dst, int to, int stride) {
    for (int r = 0; r < n; r++) {
      load(s + rows[r] + column).intoArray(dst, to + r * stride);
    }
  }

  private static void copyPart(
      long s, long[] rows, int n, long column, int columns, float[] dst, int to, int stride) {
    for (int r = 0; r < n; r++) {
      FloatVector v =
          columns == 0 ? FloatVector.zero(F) : load(s + rows[r] + column, HostMath.first(columns));
      v.intoArray(dst, to + r * stride);
    }
  }
}
