package org.foretoken.kernels.host;

import static org.foretoken.kernels.host.HostMath.getInt;
import static org.foretoken.kernels.host.HostMath.setInt;

import java.util.Arrays;
import org.foretoken.kernels.op.Segments;
import org.foretoken.kernels.op.Tile;

/** A stable counting sort of the pairs of row and expert. */
final class HostExpertOrder implements Runnable {
  private final HostOperands operands;
  private final long experts; // [pairs]
  private final long positions; // [pairs]
  private final long segments; // [experts, 3]
  private final int pairs;
  private final int[] next;

  HostExpertOrder(HostOperands x) {
    operands = x;
    experts = x.readAddress(0);
    positions = x.writeAddress(0);
    segments = x.writeAddress(1);
    pairs = Math.toIntExact(x.in(0).shape().elements());
    next = new int[x.out(1).rows()];
  }

  @Override
  public void run() {
    operands.checkRange(operands.in(0), experts, 0, next.length);
    Arrays.fill(next, 0);
    for (int i = 0; i < pairs; i++) {
      next[getInt(experts + 4L * i)]++;
    }
    int row = 0;
    int tile = 0;
    for (int e = 0; e < next.length; e++) {
      long at = segments + 4L * e * Segments.WIDTH;
      int rows = next[e];
      setInt(at + 4 * Segments.FIRST, row);
      setInt(at + 4 * Segments.ROWS, rows);
      setInt(at + 4 * Segments.TILE, tile);
      next[e] = row;
      row += rows;
      tile += Math.ceilDiv(rows, Tile.SIZE);
    }
    for (int i = 0; i < pairs; i++) {
      setInt(positions + 4L * i, next[getInt(experts + 4L * i)]++);
    }
  }
}
