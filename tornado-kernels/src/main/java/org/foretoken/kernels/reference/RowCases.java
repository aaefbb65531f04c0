package org.foretoken.kernels.reference;

import static org.foretoken.kernels.reference.SeededData.normal;
import static org.foretoken.kernels.reference.SeededData.uniform;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.foretoken.kernels.op.CacheAppend;
import org.foretoken.kernels.op.ConcatColumns;
import org.foretoken.kernels.op.Embedding;
import org.foretoken.kernels.op.EmbeddingGrad;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.RmsNormGrad;
import org.foretoken.kernels.op.Rope;
import org.foretoken.kernels.op.SplitColumns;

/** Operations on the rows of a matrix. */
final class RowCases {
  private static final int VOCABULARY = 50;
  private static final int OTHER_COLUMNS = 13;

  private RowCases() {}

  static List<OperationCase> of(int rows, int columns) {
    String size = rows + "x" + columns;
    List<OperationCase> cases = new ArrayList<>();
    cases.add(
        OperationCase.of(size, new ConcatColumns())
            .read(normal(1), rows, columns)
            .read(normal(1), rows, OTHER_COLUMNS)
            .write(rows, columns + OTHER_COLUMNS)
            .build());
    cases.add(
        OperationCase.of(size, new SplitColumns())
            .read(normal(1), rows, columns + OTHER_COLUMNS)
            .write(rows, OTHER_COLUMNS)
            .write(rows, columns)
            .build());
    cases.add(
        OperationCase.of(size, new RmsNorm(1e-6f))
            .read(normal(3), rows, columns)
            .read(normal(1), columns)
            .write(rows, columns)
            .write(rows)
            .build());
    cases.add(
        OperationCase.of(size, new RmsNormGrad())
            .read(normal(1), rows, columns)
            .read(normal(1), columns)
            .read(uniform(0.5, 2), rows)
            .read(normal(1), rows, columns)
            .write(rows, columns)
            .update(normal(1), columns)
            .build());
    rope(cases, rows, columns);
    // Few tokens, so that rows of equal id meet.
    int[] ids = IntStream.range(0, rows).map(i -> i * 7 * i % VOCABULARY).toArray();
    cases.add(
        OperationCase.of(size, new Embedding())
            .integers(ids)
            .read(normal(1), VOCABULARY, columns)
            .write(rows, columns)
            .build());
    cases.add(
        OperationCase.of(size, new EmbeddingGrad())
            .integers(ids)
            .read(normal(1), rows, columns)
            .update(normal(1), VOCABULARY, columns)
            .build());
    int slots = 2 * rows + 3;
    cases.add(
        OperationCase.of(size, new CacheAppend())
            .read(normal(1), rows, columns)
            .integers(IntStream.range(0, rows).map(s -> slots - 1 - 2 * s).toArray())
            .update(normal(1), slots, columns)
            .build());
    return cases;
  }

  private static void rope(List<OperationCase> cases, int rows, int columns) {
    int headDim = Math.max(2, columns > 207 ? columns / 6 : columns);
    int heads = columns > 207 ? 6 : 1;
    int[] positions = IntStream.range(0, rows).map(i -> i * 37 % 4096).toArray();
    int whole = headDim / 2 * 2;
    int half = Math.max(2, headDim / 4 * 2);
    for (int rotaryDim : new int[] {whole, half}) {
      for (boolean inverse : new boolean[] {false, true}) {
        String variant =
            (rotaryDim == whole ? "whole" : "half")
                + (inverse ? " inverse " : " ")
                + rows
                + "x"
                + columns;
        if (rotaryDim == half && half == whole) {
          continue;
        }
        cases.add(
            OperationCase.of(variant, new Rope(heads, headDim, rotaryDim, 10000, inverse))
                .read(normal(1), rows, heads * headDim)
                .integers(positions)
                .write(rows, heads * headDim)
                .build());
      }
    }
  }
}
