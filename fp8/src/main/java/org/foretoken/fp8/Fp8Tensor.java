package org.foretoken.fp8;

/**
 * A quantized matrix [rows, columns], row-major: codes, and the scales that multiply them.
 *
 * <p>value(row, column) = decode(code) * scale, one FP32 product; the scale is {@code scales[group]
 * * tensorScale}, one FP32 product too (exact where there is no tensor scale, for it is then 1).
 *
 * @param codes one byte a code, or two in little-endian order for formats of more than 8 bits
 * @param scales one scale a group, [scaleRows, scaleColumns] row-major, as values whatever they are
 *     kept in
 * @param tensorScale scale of the tensor; 1 unless the recipe has one
 * @param rows rows of the matrix
 * @param columns columns of the matrix
 * @param recipe how it was quantized
 */
public record Fp8Tensor(
    byte[] codes,
    float[] scales,
    float tensorScale,
    int rows,
    int columns,
    QuantizationRecipe recipe) {

  public Fp8Tensor {
    long elements = Math.multiplyExact((long) rows, columns);
    require(codes.length == elements * bytesPerCode(recipe.element()), "codes", codes.length);
    Granularity granularity = recipe.granularity();
    long groups = (long) granularity.scaleRows(rows) * granularity.scaleColumns(columns);
    require(scales.length == groups, "scales", scales.length);
  }

  private static void require(boolean holds, String what, int found) {
    if (!holds) {
      throw new IllegalArgumentException(what + " do not fit the shape: found " + found);
    }
  }

  /** Bytes that one code of {@code format} takes in {@link #codes}. */
  public static int bytesPerCode(Format format) {
    return format.bits() > 8 ? 2 : 1;
  }

  /** Rows of {@link #scales}. */
  public int scaleRows() {
    return recipe.granularity().scaleRows(rows);
  }

  /** Columns of {@link #scales}. */
  public int scaleColumns() {
    return recipe.granularity().scaleColumns(columns);
  }

  /** The code at [row, column]. */
  public int code(int row, int column) {
    int index = row * columns + column;
    return bytesPerCode(recipe.element()) == 1
        ? codes[index] & 0xff
        : codes[2 * index] & 0xff | (codes[2 * index + 1] & 0xff) << 8;
  }

  /** The value that the code at [row, column] stands for, not scaled. */
  public float decoded(int row, int column) {
    return (float) recipe.element().decode(code(row, column));
  }

  /** Index into {@link #scales} for [row, column]. */
  public int group(int row, int column) {
    Granularity granularity = recipe.granularity();
    return granularity.scaleRow(row) * scaleColumns() + granularity.scaleColumn(column);
  }

  /** What the code at [row, column] is multiplied by. */
  public float scale(int row, int column) {
    return scales[group(row, column)] * tensorScale;
  }

  /** The value at [row, column]. */
  public float value(int row, int column) {
    return decoded(row, column) * scale(row, column);
  }
}
