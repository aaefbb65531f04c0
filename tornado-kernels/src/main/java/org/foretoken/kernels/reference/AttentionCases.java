package org.foretoken.kernels.reference;

import static org.foretoken.kernels.reference.SeededData.normal;

import java.util.List;
import java.util.stream.IntStream;
import org.foretoken.kernels.op.Attention;
import org.foretoken.kernels.op.AttentionGrad;
import org.foretoken.kernels.op.CachedAttention;

/** Attention in packed rows with several documents, its gradient, and attention to a cache. */
final class AttentionCases {
  /** A head geometry for each column count: query heads, key/value heads, head and value width. */
  private record Heads(int q, int kv, int dim, int valueDim) {
    static Heads of(int columns) {
      if (columns < 2) {
        return new Heads(1, 1, 1, 1);
      }
      if (columns < 100) {
        return new Heads(1, 1, columns, 7);
      }
      if (columns < 500) {
        return new Heads(9, 3, 23, 23);
      }
      return columns < 2000 ? new Heads(5, 1, 200, 128) : new Heads(16, 4, 192, 128);
    }

    float scale() {
      return (float) (1 / Math.sqrt(dim));
    }
  }

  private AttentionCases() {}

  static List<OperationCase> of(int rows, int columns) {
    Heads h = Heads.of(columns);
    String size = String.format("%dx(%d/%d heads of %d, %d)", rows, h.q, h.kv, h.dim, h.valueDim);
    int[] firstRow = IntStream.range(0, rows).map(AttentionCases::documentStart).toArray();
    OperationCase forward =
        OperationCase.of(size, new Attention(h.q, h.kv, h.dim, h.valueDim, h.scale()))
            .read(normal(1.5), rows, h.q * h.dim)
            .read(normal(1.5), rows, h.kv * h.dim)
            .read(normal(1), rows, h.kv * h.valueDim)
            .integers(firstRow)
            .write(rows, h.q * h.valueDim)
            .write(rows, h.q)
            .build();
    OperationCase cached =
        OperationCase.of(size, new CachedAttention(h.q, h.kv, h.dim, h.valueDim, h.scale()))
            .read(normal(1.5), rows, h.q * h.dim)
            .read(normal(1.5), rows + 20, h.kv * h.dim)
            .read(normal(1), rows + 20, h.kv * h.valueDim)
            .integers(firstRow)
            .integers(IntStream.range(0, rows).map(s -> s + 1 + s * 13 % 20).toArray())
            .write(rows, h.q * h.valueDim)
            .build();
    return List.of(forward, gradient(size, h, rows, firstRow), cached);
  }

  /** With o and lse of no forward pass: the gradient's formula holds for any. */
  private static OperationCase gradient(String size, Heads h, int rows, int[] firstRow) {
    return OperationCase.of(size, new AttentionGrad(h.q, h.kv, h.dim, h.valueDim, h.scale()))
        .read(normal(1), rows, h.q * h.dim)
        .read(normal(1), rows, h.kv * h.dim)
        .read(normal(1), rows, h.kv * h.valueDim)
        .integers(firstRow)
        .read(normal(0.3), rows, h.q * h.valueDim)
        .read(SeededData.uniform(2, 4), rows, h.q)
        .read(normal(1), rows, h.q * h.valueDim)
        .write(rows, h.q * h.dim)
        .write(rows, h.kv * h.dim)
        .write(rows, h.kv * h.valueDim)
        .build();
  }

  private static int documentStart(int row) {
    int start = 0;
    for (int candidate : new int[] {1, 5, 64, 129}) {
      start = candidate <= row ? candidate : start;
    }
    return start;
  }
}
