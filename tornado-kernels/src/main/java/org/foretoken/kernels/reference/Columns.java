package org.foretoken.kernels.reference;

/** Moving columns between matrices of equal height. */
final class Columns {
  private Columns() {}

  /** y[i] = [a[i] ; b[i]]. */
  static void concat(Operands x) {
    copy(x.in(0), 0, x.out(0), 0, x.in(0).columns());
    copy(x.in(1), 0, x.out(0), x.in(0).columns(), x.in(1).columns());
  }

  /** [a[i] ; b[i]] = y[i]. */
  static void split(Operands x) {
    copy(x.in(0), 0, x.out(0), 0, x.out(0).columns());
    copy(x.in(0), x.out(0).columns(), x.out(1), 0, x.out(1).columns());
  }

  private static void copy(Matrix from, int fromColumn, Matrix to, int toColumn, int columns) {
    for (int i = 0; i < from.rows(); i++) {
      for (int j = 0; j < columns; j++) {
        to.set(i, toColumn + j, from.at(i, fromColumn + j));
      }
    }
  }
}
