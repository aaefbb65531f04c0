package org.foretoken.kernels.host;

import org.foretoken.kernels.graph.GraphException;
import org.foretoken.kernels.op.Segments;
import org.foretoken.kernels.op.Tile;

/** What rows belong to which expert, read anew in each run, since it is data. */
final class HostSegments {
  private final HostOperands operands;
  private final long address;
  private final int experts;
  private final int rows;

  /** Experts with rows, {@link #count} of them, in ascending order. */
  final int[] active;

  int count;

  /**
   * Binds a description.
   *
   * @param operand which read operand it is
   * @param rows grouped rows R
   */
  HostSegments(HostOperands x, int operand, int rows) {
    operands = x;
    address = x.readAddress(operand);
    experts = x.in(operand).rows();
    this.rows = rows;
    active = new int[experts];
  }

  int experts() {
    return experts;
  }

  int first(int expert) {
    return at(expert, Segments.FIRST);
  }

  int rows(int expert) {
    return at(expert, Segments.ROWS);
  }

  int tile(int expert) {
    return at(expert, Segments.TILE);
  }

  private int at(int expert, int what) {
    return HostMath.getInt(address + 4L * (expert * Segments.WIDTH + what));
  }

  /**
   * Checks the description and collects the experts with rows.
   *
   * @throws GraphException when the segments are not the grouped rows, one after the other
   */
  void read() {
    count = 0;
    int row = 0;
    int tile = 0;
    for (int e = 0; e < experts; e++) {
      int n = rows(e);
      if (first(e) != row || n < 0 || n > rows - row || tile(e) != tile) {
        throw new GraphException(
            operands.where()
                + ": expected segments of "
                + rows
                + " rows one after the other, found expert "
                + e
                + " with "
                + n
                + " rows from "
                + first(e)
                + ", tile "
                + tile(e));
      }
      if (n > 0) {
        active[count++] = e;
      }
      row += n;
      tile += Math.ceilDiv(n, Tile.SIZE);
    }
    if (row != rows) {
      throw new GraphException(
          operands.where() + ": expected segments of " + rows + " rows, found " + row);
    }
  }
}
