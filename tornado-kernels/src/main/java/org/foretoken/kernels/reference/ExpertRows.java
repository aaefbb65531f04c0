package org.foretoken.kernels.reference;

import java.util.Arrays;
import org.foretoken.kernels.op.ExpertFp8MatMul;
import org.foretoken.kernels.op.ExpertMatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.QuantizeExperts;
import org.foretoken.kernels.op.QuantizeSegments;
import org.foretoken.kernels.op.Segments;
import org.foretoken.kernels.op.Tile;

/** Rows on their way to their experts and back, and what each expert makes of its rows. */
final class ExpertRows {
  private ExpertRows() {}

  /** y[positions[n,k]] = x[n]. */
  static void dispatch(Operands operands) {
    Matrix x = operands.in(0);
    Matrix y = operands.out(0);
    int[] positions = operands.indices(1, y.rows());
    int perToken = positions.length / x.rows();
    for (int i = 0; i < positions.length; i++) {
      for (int c = 0; c < x.columns(); c++) {
        y.set(positions[i], c, x.at(i / perToken, c));
      }
    }
  }

  /** dx[n] = sum over k of dy[positions[n,k]]. */
  static void dispatchGrad(Operands operands) {
    double[] ones = new double[operands.integers(1).length];
    Arrays.fill(ones, 1);
    combine(operands, ones);
  }

  /** y[n] = sum over k of gates[n,k] x[positions[n,k]]. */
  static void combine(Operands operands) {
    combine(operands, operands.vectorIn(2));
  }

  private static void combine(Operands operands, double[] gates) {
    Matrix x = operands.in(0);
    Matrix y = operands.out(0);
    int[] positions = operands.indices(1, x.rows());
    int perToken = positions.length / y.rows();
    for (int n = 0; n < y.rows(); n++) {
      for (int c = 0; c < y.columns(); c++) {
        double sum = 0;
        for (int i = n * perToken; i < (n + 1) * perToken; i++) {
          sum += gates[i] * x.at(positions[i], c);
        }
        y.set(n, c, sum);
      }
    }
  }

  /** dx[positions[n,k]] = gates[n,k] dy[n]; dGates[n,k] = x[positions[n,k]] . dy[n]. */
  static void combineGrad(Operands operands) {
    Matrix x = operands.in(0);
    int[] positions = operands.indices(1, x.rows());
    double[] gates = operands.vectorIn(2);
    Matrix dy = operands.in(3);
    Matrix dx = operands.out(0);
    double[] dGates = operands.vectorOut(1);
    int perToken = positions.length / dy.rows();
    for (int i = 0; i < positions.length; i++) {
      double dot = 0;
      for (int c = 0; c < dy.columns(); c++) {
        double g = dy.at(i / perToken, c);
        dot += x.at(positions[i], c) * g;
        dx.set(positions[i], c, gates[i] * g);
      }
      dGates[i] = dot;
    }
  }

  /** The product of each expert's rows and matrix. */
  static void matMul(ExpertMatMul op, Operands x, boolean exact) {
    Matrix a = Products.enter(x.in(0), op.precision(), exact);
    if (op.layout() == Layout.TN) {
      Matrix b = Products.enter(x.in(1), op.precision(), exact);
      forEach(
          x,
          2,
          (e, first, rows) -> {
            Matrix dw = x.stackOut(0, e);
            Products.multiply(
                Layout.TN, a.slice(first, rows), b.slice(first, rows), dw, op.accumulate());
            x.setStackOut(0, e, dw);
          });
      return;
    }
    forEach(
        x,
        2,
        (e, first, rows) -> {
          Matrix b = Products.enter(x.stackIn(1, e), op.precision(), exact);
          rows(op.layout(), a, b, x.out(0), first, rows, op.accumulate());
        });
  }

  /** The product of each expert's dequantized rows and matrix. */
  static void fp8MatMul(ExpertFp8MatMul op, Operands x) {
    if (op.layout() == Layout.TN) {
      Matrix a = segmentsScaled(x, 0, 4);
      Matrix b = segmentsScaled(x, 2, 4);
      forEach(
          x,
          4,
          (e, first, rows) -> {
            Matrix dw = x.stackOut(0, e);
            Products.multiply(
                Layout.TN, a.slice(first, rows), b.slice(first, rows), dw, op.accumulate());
            x.setStackOut(0, e, dw);
          });
      return;
    }
    Matrix a = Quantizing.scaled(x.in(0), x.in(1), Tile.ROW_1X128);
    forEach(
        x,
        4,
        (e, first, rows) -> {
          Matrix b = Quantizing.scaled(x.stackIn(2, e), x.stackIn(3, e), Tile.BLOCK_128X128);
          rows(op.layout(), a, b, x.out(0), first, rows, op.accumulate());
        });
  }

  /** NT or NN on the rows of one expert. */
  private static void rows(
      Layout layout, Matrix a, Matrix b, Matrix c, int first, int rows, boolean accumulate) {
    Matrix part = c.slice(first, rows);
    Products.multiply(layout, a.slice(first, rows), b, part, accumulate);
    System.arraycopy(part.values(), 0, c.values(), first * c.columns(), part.values().length);
  }

  private static Matrix segmentsScaled(Operands x, int operand, int segments) {
    Matrix codes = x.in(operand);
    Matrix scales = x.in(operand + 1);
    Matrix values = Matrix.zeros(codes.rows(), codes.columns());
    int[] description = x.integers(segments);
    forEach(
        x,
        segments,
        (e, first, rows) -> {
          int tile = description[e * Segments.WIDTH + Segments.TILE];
          for (int i = 0; i < rows; i++) {
            for (int j = 0; j < codes.columns(); j++) {
              double scale = scales.at(tile + i / Tile.SIZE, j);
              values.set(first + i, j, codes.at(first + i, j) * scale);
            }
          }
        });
    return values;
  }

  /** What is done for an expert and its rows. */
  @FunctionalInterface
  private interface Segment {
    void run(int expert, int firstRow, int rows);
  }

  private static void forEach(Operands x, int operand, Segment body) {
    int[] segments = x.integers(operand);
    for (int e = 0; e < segments.length / Segments.WIDTH; e++) {
      body.run(
          e,
          segments[e * Segments.WIDTH + Segments.FIRST],
          segments[e * Segments.WIDTH + Segments.ROWS]);
    }
  }

  /** Each expert's matrix in blocks of its own. */
  static void quantize(QuantizeExperts op, Operands x) {
    for (int e = 0; e < x.node().in(0).rows(); e++) {
      Matrix codes = x.stackOut(0, e);
      Matrix scales = x.stackOut(1, e);
      Quantizing.quantize(
          x,
          x.stackIn(0, e),
          Tile.BLOCK_128X128,
          op.powerOfTwo(),
          x.node().out(0).dtype(),
          codes,
          scales.values());
      x.setStackOut(0, e, codes);
      x.setStackOut(1, e, scales);
    }
  }

  /** Rows in 1x128 groups, and each expert's rows in 128x1 groups of its own. */
  static void quantizeSegments(QuantizeSegments op, Operands x) {
    Matrix source = x.in(0);
    Quantizing.quantize(
        x,
        source,
        Tile.ROW_1X128,
        op.powerOfTwo(),
        x.node().out(0).dtype(),
        x.out(0),
        x.vectorOut(1));
    Matrix codes = x.out(2);
    Matrix scales = x.out(3);
    Arrays.fill(scales.values(), 1);
    int[] segments = x.integers(1);
    forEach(
        x,
        1,
        (e, first, rows) -> {
          if (rows == 0) {
            return;
          }
          Matrix part = Matrix.zeros(rows, codes.columns());
          int tiles = Math.ceilDiv(rows, Tile.SIZE);
          double[] partScales = new double[tiles * codes.columns()];
          Quantizing.quantize(
              x,
              source.slice(first, rows),
              Tile.COLUMN_128X1,
              op.powerOfTwo(),
              x.node().out(2).dtype(),
              part,
              partScales);
          System.arraycopy(
              part.values(), 0, codes.values(), first * codes.columns(), part.values().length);
          int tile = segments[e * Segments.WIDTH + Segments.TILE];
          System.arraycopy(
              partScales, 0, scales.values(), tile * codes.columns(), partScales.length);
        });
  }
}
