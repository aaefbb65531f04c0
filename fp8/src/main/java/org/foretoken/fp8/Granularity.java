package org.foretoken.fp8;

/**
 * The groups of values of a matrix [rows, columns] that share a scale: blocks of {@code rows} x
 * {@code columns}, smaller at the lower and right edge; {@link #WHOLE} stands for the matrix's own
 * extent.
 *
 * @param rows rows of a group, or {@link #WHOLE}
 * @param columns columns of a group, or {@link #WHOLE}
 */
public record Granularity(int rows, int columns) {
  /** The whole extent of the matrix, whatever it is. */
  public static final int WHOLE = 0;

  /** One scale for the tensor. */
  public static final Granularity TENSOR = new Granularity(WHOLE, WHOLE);

  /** One scale a row. */
  public static final Granularity ROW = new Granularity(1, WHOLE);

  /** One scale a column. */
  public static final Granularity COLUMN = new Granularity(WHOLE, 1);

  /** DeepSeek-V3's tile for activations and their gradients in fprop and dgrad. */
  public static final Granularity TILE_1X128 = new Granularity(1, 128);

  /** DeepSeek-V3's tile for activations and their gradients in wgrad. */
  public static final Granularity TILE_128X1 = new Granularity(128, 1);

  /** DeepSeek-V3's block for weights. */
  public static final Granularity BLOCK_128X128 = new Granularity(128, 128);

  /** OCP MX's block of 32 along a row. */
  public static final Granularity MX_1X32 = new Granularity(1, 32);

  /** OCP MX's block of 32 along a column, for wgrad. */
  public static final Granularity MX_32X1 = new Granularity(32, 1);

  /** NVFP4's block of 16 along a row. */
  public static final Granularity NVFP4_1X16 = new Granularity(1, 16);

  public Granularity {
    if (rows < 0 || columns < 0) {
      throw new InputException(
          String.format(
              "granularity: expected positive extents, or 0 for the whole one, found %dx%d",
              rows, columns));
    }
  }

  /** Rows of the scales of a matrix with {@code matrixRows} rows. */
  public int scaleRows(int matrixRows) {
    return rows == WHOLE ? Math.min(1, matrixRows) : Math.ceilDiv(matrixRows, rows);
  }

  /** Columns of the scales of a matrix with {@code matrixColumns} columns. */
  public int scaleColumns(int matrixColumns) {
    return columns == WHOLE ? Math.min(1, matrixColumns) : Math.ceilDiv(matrixColumns, columns);
  }

  /** Row of the scale that {@code row} uses. */
  public int scaleRow(int row) {
    return rows == WHOLE ? 0 : row / rows;
  }

  /** Column of the scale that {@code column} uses. */
  public int scaleColumn(int column) {
    return columns == WHOLE ? 0 : column / columns;
  }

  /** The granularity of the transposed matrix. */
  public Granularity transposed() {
    return new Granularity(columns, rows);
  }

  /**
   * Reads {@code tensor}, {@code row}, {@code column} or {@code ROWSxCOLUMNS}.
   *
   * @throws InputException with {@code path} for anything else
   */
  public static Granularity parse(String text, String path) {
    String key = text.strip().toLowerCase(java.util.Locale.ROOT);
    return switch (key) {
      case "tensor" -> TENSOR;
      case "row" -> ROW;
      case "column" -> COLUMN;
      default -> {
        if (key.matches("[1-9][0-9]{0,8}x[1-9][0-9]{0,8}")) {
          String[] extents = key.split("x");
          yield new Granularity(Integer.parseInt(extents[0]), Integer.parseInt(extents[1]));
        }
        throw new InputException(
            path
                + ": expected tensor, row, column or ROWSxCOLUMNS as in 1x128, found '"
                + text
                + "'");
      }
    };
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    if (equals(TENSOR)) {
      return "tensor";
    }
    if (equals(ROW)) {
      return "row";
    }
    return equals(COLUMN) ? "column" : rows + "x" + columns;
  }
}
