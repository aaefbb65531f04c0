package org.foretoken.kernels.kernel;

/** Tile sizes of the kernels that decode multi-head latent attention, in one place. */
public final class LatentTile {
  /** Work items of a group. */
  public static final int GROUP = 128;

  /** Heads of one row that share the tiles of the cache. */
  public static final int HEADS = 8;

  /** Cache rows of a tile: each item has the score of one of them and one head. */
  static final int KEYS = GROUP / HEADS;

  /** Columns that are in local memory at a time. */
  static final int DEPTH = 32;

  /** Floats between rows in local memory: one more than a tile has, against conflicts. */
  static final int STRIDE = DEPTH + 1;

  /** Rows of queries that share the weights of a head. */
  public static final int ROWS = 8;

  /** Columns of a head's values that a group computes. */
  public static final int VALUES = 32;

  /** Items that share a column of values. */
  static final int DOWN = GROUP / VALUES;

  private LatentTile() {}
}
