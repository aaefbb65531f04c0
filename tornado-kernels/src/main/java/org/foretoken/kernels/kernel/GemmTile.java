package org.foretoken.kernels.kernel;

/**
 * Tile sizes of the portable matrix products, in one place.
 *
 * <p>A work group of {@link #GROUP} items computes a {@link #EDGE} x {@link #EDGE} tile of c, each
 * item {@link #ROWS} x {@link #COLUMNS} elements of it, {@link #ITEMS_DOWN} rows and {@link
 * #ITEMS_ACROSS} columns apart, so that neighbours read neighbouring words of local memory.
 *
 * <p>The kernels' loop over the inner dimension starts at the group's z, which is always 0. To the
 * compiler it is not: it would unroll a loop of two steps, and TornadoVM then fails on a condition
 * that has become constant.
 */
public final class GemmTile {
  /** Rows and columns of c that a work group computes. */
  public static final int EDGE = 64;

  /** Work items of a group. */
  public static final int GROUP = 64;

  /** Elements of the inner dimension that are in local memory at a time. */
  static final int DEPTH = 32;

  /** Rows of c that an item computes. */
  static final int ROWS = 8;

  /** Columns of c that an item computes. */
  static final int COLUMNS = 8;

  /** Items side by side. */
  static final int ITEMS_ACROSS = EDGE / COLUMNS;

  /** Items one below another. */
  static final int ITEMS_DOWN = EDGE / ROWS;

  /** Floats between inner indices in local memory: one more than the edge, against conflicts. */
  static final int STRIDE = EDGE + 1;

  private GemmTile() {}
}
