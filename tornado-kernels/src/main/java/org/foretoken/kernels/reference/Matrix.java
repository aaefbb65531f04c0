package org.foretoken.kernels.reference;

/**
 * A row-major matrix [rows, columns] of doubles.
 *
 * @param rows extent of the first axis
 * @param columns extent of the second axis
 * @param values the elements; shared, not copied
 */
record Matrix(int rows, int columns, double[] values) {
  static Matrix zeros(int rows, int columns) {
    return new Matrix(rows, columns, new double[rows * columns]);
  }

  double at(int i, int j) {
    return values[i * columns + j];
  }

  void set(int i, int j, double value) {
    values[i * columns + j] = value;
  }

  void add(int i, int j, double value) {
    values[i * columns + j] += value;
  }

  /** A copy of some rows. */
  Matrix slice(int first, int count) {
    return new Matrix(
        count,
        columns,
        java.util.Arrays.copyOfRange(values, first * columns, (first + count) * columns));
  }

  Matrix transposed() {
    Matrix t = zeros(columns, rows);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        t.set(j, i, at(i, j));
      }
    }
    return t;
  }

  /** A copy with every element replaced by {@code f} of it. */
  Matrix map(java.util.function.DoubleUnaryOperator f) {
    return new Matrix(rows, columns, java.util.Arrays.stream(values).map(f).toArray());
  }
}
