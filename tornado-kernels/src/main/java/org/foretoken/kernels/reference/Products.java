package org.foretoken.kernels.reference;

import org.foretoken.fp8.Bf16;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Tile;

/** Matrix products. */
final class Products {
  private Products() {}

  /** c = (c +) a b in the layout of the operation. */
  static void matMul(MatMul op, Operands x, boolean exact) {
    Matrix a = enter(x.in(0), op.precision(), exact);
    Matrix b = enter(x.in(1), op.precision(), exact);
    multiply(op.layout(), a, b, x.out(0), op.accumulate());
  }

  /**
   * c = (c +) the product of the dequantized operands: on a device codes are multiplied and every
   * 128 products scaled together, which is the same number where sums are exact.
   */
  static void fp8MatMul(Fp8MatMul op, Operands x) {
    Tile left = op.layout() == Layout.TN ? Tile.COLUMN_128X1 : Tile.ROW_1X128;
    Tile right = op.layout() == Layout.TN ? Tile.COLUMN_128X1 : Tile.BLOCK_128X128;
    Matrix a = Quantizing.scaled(x.in(0), x.in(1), left);
    Matrix b = Quantizing.scaled(x.in(2), x.in(3), right);
    multiply(op.layout(), a, b, x.out(0), op.accumulate());
  }

  /** The values that enter a product: {@code m}, or {@code m} rounded to BF16. */
  static Matrix enter(Matrix m, Precision precision, boolean exact) {
    return switch (precision) {
      case F32 -> m;
      case BF16 -> exact ? m : m.map(value -> Bf16.round((float) value));
    };
  }

  /** NT: c = a b^T; NN: c = a b; TN: c = a^T b; added to c where {@code accumulate}. */
  static void multiply(Layout layout, Matrix a, Matrix b, Matrix c, boolean accumulate) {
    Matrix left = layout == Layout.TN ? a.transposed() : a;
    Matrix right = layout == Layout.NT ? b : b.transposed();
    for (int i = 0; i < c.rows(); i++) {
      for (int j = 0; j < c.columns(); j++) {
        double sum = accumulate ? c.at(i, j) : 0;
        for (int k = 0; k < left.columns(); k++) {
          sum += left.at(i, k) * right.at(j, k);
        }
        c.set(i, j, sum);
      }
    }
  }
}
