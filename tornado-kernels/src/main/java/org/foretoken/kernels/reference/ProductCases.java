package org.foretoken.kernels.reference;

import static org.foretoken.kernels.reference.SeededData.normal;
import static org.foretoken.kernels.reference.SeededData.scales;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.Tile;

/** Matrix products, the awkward extent once outside and once as the sum's own. */
final class ProductCases {
  private static final int SMALL = 33;

  /** Extents of c [m,n] and of the sum. */
  private record Extents(int m, int n, int k) {
    int[] left(Layout layout) {
      return layout == Layout.TN ? new int[] {k, m} : new int[] {m, k};
    }

    int[] right(Layout layout) {
      return layout == Layout.NT ? new int[] {n, k} : new int[] {k, n};
    }

    @Override
    public String toString() {
      return m + "x" + n + "x" + k;
    }
  }

  private ProductCases() {}

  static List<OperationCase> of(int rows, int columns) {
    List<OperationCase> cases = new ArrayList<>();
    for (Layout layout : Layout.values()) {
      // wgrad sums over the rows.
      List<Extents> all =
          layout == Layout.TN
              ? List.of(new Extents(columns, SMALL, rows), new Extents(SMALL, columns, rows))
              : List.of(new Extents(rows, SMALL, columns), new Extents(rows, columns, SMALL));
      for (Extents e : all) {
        boolean accumulate = e == all.get(1);
        for (Precision precision : Precision.values()) {
          cases.add(matMul(new MatMul(layout, precision, accumulate), e));
        }
        for (DType left : List.of(DType.E4M3, DType.E5M2)) {
          cases.add(fp8MatMul(new Fp8MatMul(layout, accumulate), e, left));
        }
      }
    }
    return cases;
  }

  /** Products of these extents, all of one type: what a device's tensor cores can take. */
  static List<OperationCase> of(int m, int n, int k) {
    List<OperationCase> cases = new ArrayList<>();
    Extents e = new Extents(m, n, k);
    for (Layout layout : Layout.values()) {
      for (boolean accumulate : new boolean[] {false, true}) {
        cases.add(matMul(new MatMul(layout, Precision.BF16, accumulate), e));
        cases.add(fp8MatMul(new Fp8MatMul(layout, accumulate), e, DType.E4M3));
      }
    }
    return cases;
  }

  private static OperationCase matMul(MatMul op, Extents e) {
    String variant = op.layout() + " " + op.precision() + (op.accumulate() ? " += " : " ") + e;
    OperationCase.Builder builder =
        OperationCase.of(variant, op)
            .read(normal(1), e.left(op.layout()))
            .read(normal(0.1), e.right(op.layout()));
    return (op.accumulate() ? builder.update(normal(1), e.m, e.n) : builder.write(e.m, e.n))
        .build();
  }

  private static OperationCase fp8MatMul(Fp8MatMul op, Extents e, DType leftType) {
    Tile leftTile = op.layout() == Layout.TN ? Tile.COLUMN_128X1 : Tile.ROW_1X128;
    Tile rightTile = op.layout() == Layout.TN ? Tile.COLUMN_128X1 : Tile.BLOCK_128X128;
    int[] left = e.left(op.layout());
    int[] right = e.right(op.layout());
    String variant = op.layout() + " " + leftType + (op.accumulate() ? " += " : " ") + e;
    OperationCase.Builder builder =
        OperationCase.of(variant, op)
            .read(leftType, normal(100), left)
            .read(scales(), leftTile.scaleRows(left[0]), leftTile.scaleColumns(left[1]))
            .read(DType.E4M3, normal(100), right)
            .read(scales(), rightTile.scaleRows(right[0]), rightTile.scaleColumns(right[1]));
    return (op.accumulate() ? builder.update(normal(1), e.m, e.n) : builder.write(e.m, e.n))
        .build();
  }
}
