package org.foretoken.kernels.kernel;

/**
 * Tile sizes of the matrix products on tensor cores whose work groups are several warps.
 *
 * <p>Four warps, two by two, compute 64 x 64 elements each, so that a fragment loaded from local
 * memory takes part in four or eight products. While they do, the next {@link #DEPTH} inner
 * elements of the operands are on their way from global memory to registers; from there they go to
 * the other half of the tiles in local memory.
 *
 * <p>Tile of a: {@link #ROWS} rows of DEPTH elements, 64 bytes. Tile of b: DEPTH rows of {@link
 * #COLUMNS} elements, 256 bytes. The units of 16 bytes of a row change places by row number, so
 * that the eight units that a fragment load takes at once lie in different banks.
 */
public final class MmaBlock {
  /** Rows of c that a work group computes. */
  public static final int ROWS = 128;

  /** Columns of c that a work group computes. */
  public static final int COLUMNS = 128;

  /** Work items of a group. */
  public static final int GROUP = 128;

  /** Inner elements that are in local memory at a time. */
  public static final int DEPTH = 32;

  /** Rows and columns of c that a warp computes. */
  static final int WARP = 64;

  /** Inner elements of one product of fragments. */
  static final int STEP = 16;

  /** Words of a tile of either operand. */
  static final int INTS = ROWS * DEPTH / 2;

  /** Words of a tile that a work item loads. */
  static final int LOADS = INTS / GROUP;

  /** What a product of two numbers that {@link #halves} made falls short by: 2^8 each. */
  static final float HALVES_SCALE = 65536f;

  /**
   * Tile rows that neighbouring work groups sweep column by column, so that those at work at the
   * same time read few rows of a and few columns of b, and both from the L2 cache.
   */
  static final int RASTER = 16;

  private MmaBlock() {}

  /**
   * Two E4M3 codes, in the upper bytes of each half of {@code pair}, as two FP16 numbers of 2^-8
   * the value: FP16 has one exponent bit more and a bias greater by 8. Subnormal numbers stay what
   * they are; a NaN, all ones, carries into the fifth exponent bit and stays one, too.
   */
  static int halves(int pair) {
    int magnitude = (pair >> 1) & 0x3F803F80;
    return (pair & 0x80008000) | magnitude | ((magnitude + 0x00800080) & 0x40004000);
  }

  /** The tile row of c that a work group computes: see {@link #RASTER}. */
  static int tileRow(int group, int rows, int columns) {
    int first = group / (RASTER * columns) * RASTER;
    int height = rows - first < RASTER ? rows - first : RASTER;
    return first + group % (RASTER * columns) % height;
  }

  /** The tile column of c that a work group computes: see {@link #RASTER}. */
  static int tileColumn(int group, int rows, int columns) {
    int first = group / (RASTER * columns) * RASTER;
    int height = rows - first < RASTER ? rows - first : RASTER;
    return group % (RASTER * columns) / height;
  }

  /**
   * The word at which unit 0 to 3 of a row of a's tile of FP8 begins. Eight rows that follow each
   * other lie in different banks, and so do the first of eight fours: a work item that turns codes
   * stores into rows four apart from its neighbours'.
   */
  static int aWord(int row, int unit) {
    int turn = (row & 3) ^ ((row >> 3) & 1) ^ (((row >> 4) & 1) << 1);
    return ((row >> 3) * 4 + (row & 3)) * 32 + ((row >> 2) & 1) * 16 + ((unit ^ turn) << 2);
  }

  /** The word at which unit 0 to 15 of a row of b's tile of FP8 begins: as {@link #aWord}. */
  static int bWord(int row, int unit) {
    int turn = (row & 7) ^ ((row >> 3) & 3);
    return row * 64 + ((unit ^ turn) << 2);
  }

  /** The byte that a lane loads a fragment of a from by itself: rows of 32 bytes. */
  static int aOwn(int lane) {
    return ((lane & 15) << 5) + (((lane >> 4) & 1) << 4);
  }

  /** The byte that a lane is to load the first fragment of a from. */
  static int aFragment(int lane) {
    int unit = ((lane >> 4) & 1) ^ ((lane >> 1) & 3);
    return (lane & 15) * 64 + (unit << 4);
  }

  /** As {@link #aFragment}, where the rows of each second eight are swapped in pairs. */
  static int aFragmentOfPairs(int lane) {
    return aFragment(lane) ^ (((lane >> 3) & 1) << 6);
  }

  /** The byte that a lane loads a fragment of b from by itself: rows of 16 bytes. */
  static int bOwn(int lane) {
    return (lane & 15) << 4;
  }

  /** The byte that a lane is to load the first fragment of b from; the others are exclusive-or. */
  static int bFragment(int lane) {
    int unit = (lane & 7) ^ ((lane >> 3) & 1);
    return (lane & 15) * 256 + (unit << 4);
  }
}
