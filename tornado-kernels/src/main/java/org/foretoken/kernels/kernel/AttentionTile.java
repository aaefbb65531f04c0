package org.foretoken.kernels.kernel;

/**
 * Tile sizes of the attention kernels, in one place.
 *
 * <p>A work group of {@link #GROUP} items has {@link #ROWS} query rows (or keys, in the gradient of
 * keys and values). An item has two of them, {@link #PAIR} apart, and with both every {@link
 * #LANES}-th column.
 */
public final class AttentionTile {
  /** Work items of a group. */
  public static final int GROUP = 128;

  /** Query rows of a group. */
  public static final int ROWS = 16;

  /** Keys that are in local memory at a time, in the forward pass. */
  public static final int KEYS = 32;

  /** Keys, or query rows, that are in local memory at a time in the backward pass. */
  static final int BACKWARD = 16;

  /** Items that share two rows. */
  static final int LANES = 16;

  /** Distance between the two rows of an item. */
  static final int PAIR = GROUP / LANES;

  /** Floats between the rows of a tile of scores, one more than it needs, against conflicts. */
  static final int SCORES = KEYS + 1;

  /** Below every score, and far from overflow when subtracted from one. */
  static final float LOWEST = -1.0e30f;

  /** Local memory that TornadoVM gives a group, in bytes. */
  public static final int MOST_LOCAL_BYTES = 48 * 1024;

  private AttentionTile() {}

  /** Local memory of {@link AttentionForward}, in bytes. */
  public static int forwardBytes(int headDim, int valueDim) {
    int widest = headDim + 1 > valueDim ? headDim + 1 : valueDim;
    return Float.BYTES * (ROWS * (headDim + 1) + KEYS * widest + 2 * ROWS * SCORES);
  }

  /** Local memory of {@link AttentionKeyValueGrad}, which takes most of the gradients, in bytes. */
  public static int gradBytes(int headDim, int valueDim) {
    int columns = headDim + 1 + valueDim + 1;
    return Float.BYTES * ((ROWS + BACKWARD) * columns + 2 * ROWS * SCORES + GROUP);
  }
}
