package org.foretoken.kernels.op;

/** The group of values of a matrix [M,K] that shares one scale. */
public enum Tile {
  /** 1x128: activations and their gradients, along the inner dimension of fprop and dgrad. */
  ROW_1X128("[M,K/128]"),
  /** 128x1: activations and their gradients for wgrad, whose inner dimension is the rows. */
  COLUMN_128X1("[M/128,K]"),
  /** 128x128: weights. */
  BLOCK_128X128("[M/128,K/128]");

  /** Extent of a group along its long axes, the N_C of DeepSeek-V3. */
  public static final int SIZE = 128;

  private final String scaleShape;

  Tile(String scaleShape) {
    this.scaleShape = scaleShape;
  }

  /** Shape of the scales in the notation of {@link org.foretoken.kernels.graph.Signature}. */
  public String scaleShape() {
    return scaleShape;
  }

  /** Rows of the scales of a matrix with {@code rows} rows. */
  public int scaleRows(int rows) {
    return this == ROW_1X128 ? rows : Math.ceilDiv(rows, SIZE);
  }

  /** Columns of the scales of a matrix with {@code columns} columns. */
  public int scaleColumns(int columns) {
    return this == COLUMN_128X1 ? columns : Math.ceilDiv(columns, SIZE);
  }
}
