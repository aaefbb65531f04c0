package org.foretoken.kernels.reference;

import static org.foretoken.kernels.reference.SeededData.hostile;
import static org.foretoken.kernels.reference.SeededData.normal;
import static org.foretoken.kernels.reference.SeededData.scales;

import java.util.ArrayList;
import java.util.List;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.Dequantize;
import org.foretoken.kernels.op.FakeQuantize;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.SwiGlu;
import org.foretoken.kernels.op.Tile;

/** Codes and scales in every format and tile, on inputs that quantizers get wrong. */
final class QuantizeCases {
  private QuantizeCases() {}

  static List<OperationCase> of(int rows, int columns) {
    List<OperationCase> cases = new ArrayList<>();
    for (DType dtype : List.of(DType.E4M3, DType.E5M2, DType.E5M6)) {
      for (Tile tile : Tile.values()) {
        int scaleRows = tile.scaleRows(rows);
        int scaleColumns = tile.scaleColumns(columns);
        for (boolean powerOfTwo : new boolean[] {false, true}) {
          cases.add(
              OperationCase.of(
                      variant(tile + " " + dtype, powerOfTwo, rows, columns),
                      new Quantize(tile, powerOfTwo))
                  .read(hostile(columns), rows, columns)
                  .write(dtype, rows, columns)
                  .write(scaleRows, scaleColumns)
                  .build());
        }
        cases.add(
            OperationCase.of(
                    variant(tile + " " + dtype, false, rows, columns), new Dequantize(tile))
                .read(dtype, normal(100), rows, columns)
                .read(scales(), scaleRows, scaleColumns)
                .write(rows, columns)
                .build());
      }
    }
    for (DType dtype : List.of(DType.E4M3, DType.E5M2)) {
      for (boolean powerOfTwo : new boolean[] {false, true}) {
        cases.add(
            OperationCase.of(
                    variant(dtype.name(), powerOfTwo, rows, columns), new QuantizeBoth(powerOfTwo))
                .read(hostile(columns), rows, columns)
                .write(dtype, rows, columns)
                .write(rows, Tile.ROW_1X128.scaleColumns(columns))
                .write(dtype, rows, columns)
                .write(Tile.COLUMN_128X1.scaleRows(rows), columns)
                .build());
      }
    }
    for (DType dtype : List.of(DType.E4M3, DType.E5M2)) {
      fused(cases, dtype, rows, columns);
    }
    for (FakeQuantize.Scope scope : FakeQuantize.Scope.values()) {
      for (FakeQuantize.Element element : FakeQuantize.Element.values()) {
        boolean powerOfTwo =
            scope == FakeQuantize.Scope.ROW_1X32 || scope == FakeQuantize.Scope.ROW;
        cases.add(
            OperationCase.of(
                    variant(scope + " " + element, powerOfTwo, rows, columns),
                    new FakeQuantize(scope, element, powerOfTwo))
                .read(hostile(columns), rows, columns)
                .write(rows, columns)
                .build());
      }
    }
    return cases;
  }

  /** Quantizers that a device may fuse with what computes their input. */
  private static void fused(List<OperationCase> cases, DType dtype, int rows, int columns) {
    int[][] twice = {{rows, columns}, {rows, columns}};
    cases.add(
        OperationCase.of(
                variant("of SwiGlu " + dtype, false, rows, columns),
                new Quantize(Tile.ROW_1X128, false))
            .from(new SwiGlu(), List.of(normal(2), normal(1)), twice, new int[][] {{rows, columns}})
            .write(dtype, rows, columns)
            .write(rows, Tile.ROW_1X128.scaleColumns(columns))
            .build());
    int[][] normReads = {{rows, columns}, {columns}};
    int[][] normWrites = {{rows, columns}, {rows}};
    cases.add(
        OperationCase.of(
                variant("of RmsNorm " + dtype, false, rows, columns),
                new Quantize(Tile.ROW_1X128, false))
            .from(new RmsNorm(1e-6f), List.of(normal(3), normal(1)), normReads, normWrites)
            .write(dtype, rows, columns)
            .write(rows, Tile.ROW_1X128.scaleColumns(columns))
            .build());
    cases.add(
        OperationCase.of(
                variant("of RmsNorm " + dtype, false, rows, columns), new QuantizeBoth(false))
            .from(new RmsNorm(1e-6f), List.of(normal(3), normal(1)), normReads, normWrites)
            .write(dtype, rows, columns)
            .write(rows, Tile.ROW_1X128.scaleColumns(columns))
            .write(dtype, rows, columns)
            .write(Tile.COLUMN_128X1.scaleRows(rows), columns)
            .build());
  }

  private static String variant(String what, boolean powerOfTwo, int rows, int columns) {
    return what + (powerOfTwo ? " pow2 " : " ") + rows + "x" + columns;
  }
}
