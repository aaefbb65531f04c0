package org.foretoken.kernels.kernel;

/**
 * Tile sizes of the tensor-core matrix products, in one place.
 *
 * <p>A work group is one warp, because the FP8 fragments of TornadoVM's API load from the start of
 * an array in local memory and so every tile needs an array of its own. Lane l holds of a 16 x 8
 * fragment the rows l/4 and l/4 + 8 and the columns 2(l%4) and the next.
 */
public final class MmaTile {
  /** Rows of c that a work group computes. */
  public static final int ROWS = 64;

  /** Columns of c that a work group computes. */
  public static final int COLUMNS = 32;

  /** Work items of a group. */
  public static final int GROUP = 32;

  /** Inner elements of one FP8 product of fragments. */
  public static final int DEPTH = 32;

  /** Inner elements of one BF16 product of fragments. */
  public static final int BF16_DEPTH = 16;

  /** Elements of c that a lane holds: 4 x 4 fragments of four. */
  static final int SUMS = ROWS * COLUMNS / GROUP;

  /** Words of a tile of a: 16 rows of 32 bytes, in FP8 and in BF16. */
  static final int A_INTS = 128;

  /** Words of a tile of b: 16 rows of 16 bytes, in FP8 each the pairs of two inner indices. */
  static final int B_INTS = 64;

  private MmaTile() {}
}
