package org.foretoken.kernels.reference;

import static org.foretoken.kernels.reference.SeededData.constants;
import static org.foretoken.kernels.reference.SeededData.hostile;
import static org.foretoken.kernels.reference.SeededData.normal;
import static org.foretoken.kernels.reference.SeededData.scales;
import static org.foretoken.kernels.reference.SeededData.uniform;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.ExpertBalance;
import org.foretoken.kernels.op.ExpertBias;
import org.foretoken.kernels.op.ExpertCombine;
import org.foretoken.kernels.op.ExpertCombineGrad;
import org.foretoken.kernels.op.ExpertDispatch;
import org.foretoken.kernels.op.ExpertDispatchGrad;
import org.foretoken.kernels.op.ExpertFp8MatMul;
import org.foretoken.kernels.op.ExpertGate;
import org.foretoken.kernels.op.ExpertGateGrad;
import org.foretoken.kernels.op.ExpertLoad;
import org.foretoken.kernels.op.ExpertMatMul;
import org.foretoken.kernels.op.ExpertOrder;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.Precision;
import org.foretoken.kernels.op.QuantizeExperts;
import org.foretoken.kernels.op.QuantizeSegments;
import org.foretoken.kernels.op.Segments;
import org.foretoken.kernels.op.Tile;

/** Routing and experts: spread over all, with one that gets nothing, and all to one. */
final class ExpertCases {
  private static final int EXPERTS = 5;
  private static final int PER_TOKEN = 3;
  private static final int SMALL = 33;

  /** How rows are spread over the experts. */
  private enum Spread {
    /** Over all but expert 3. */
    MOST,
    /** All to expert 2. */
    ONE;

    int of(int pair) {
      return this == ONE ? 2 : List.of(4, 0, 1, 2).get(pair * 7 % 11 % 4);
    }

    int[] pairs(int count) {
      return IntStream.range(0, count).map(this::of).toArray();
    }

    int[] segments(int rows) {
      int[] segments = new int[EXPERTS * Segments.WIDTH];
      int row = 0;
      int tile = 0;
      for (int e = 0; e < EXPERTS; e++) {
        int expert = e;
        int count = (int) IntStream.range(0, rows).filter(i -> of(i) == expert).count();
        segments[e * Segments.WIDTH + Segments.FIRST] = row;
        segments[e * Segments.WIDTH + Segments.ROWS] = count;
        segments[e * Segments.WIDTH + Segments.TILE] = tile;
        row += count;
        tile += Math.ceilDiv(count, Tile.SIZE);
      }
      return segments;
    }
  }

  private ExpertCases() {}

  static List<OperationCase> of(int rows, int columns) {
    List<OperationCase> cases = new ArrayList<>();
    gates(cases, rows, columns);
    for (Spread spread : Spread.values()) {
      moves(cases, spread, rows, columns);
      products(cases, spread, rows, columns);
    }
    quantizers(cases, rows, columns);
    return cases;
  }

  /** Routers of as many experts as there are columns, up to DeepSeek-V3's. */
  private static void gates(List<OperationCase> cases, int rows, int columns) {
    int experts = columns < 24 ? columns : columns < 1000 ? 24 : columns < 4000 ? 64 : 256;
    int groups = experts == 24 ? 6 : experts >= 64 ? 8 : 1;
    int perToken = Math.min(experts, experts == 256 ? 8 : 3);
    int topk = Math.max(1, groups / 2);
    String size = rows + "x" + experts;
    int[] pairs = IntStream.range(0, rows * perToken).map(i -> (i * 5 + i / 7) % experts).toArray();
    int[] chosen =
        IntStream.range(0, rows * perToken)
            .map(i -> (i / perToken + i % perToken * 2) % experts)
            .toArray();
    for (boolean ties : new boolean[] {false, true}) {
      boolean normalize = !ties;
      String variant = (ties ? "ties " : "") + size;
      cases.add(
          OperationCase.of(variant, new ExpertGate(perToken, groups, topk, normalize, 2.5f))
              .read(ties ? constants(0.5, -1, 0.5, 2, 0.5, 2, 2) : normal(1.5), rows, experts)
              .read(ties ? constants(0, 0.25) : uniform(-0.2, 0.2), experts)
              .write(rows, experts)
              .write(DType.I32, rows, perToken)
              .write(rows, perToken)
              .build());
      cases.add(
          OperationCase.of(variant, new ExpertGateGrad(normalize, 2.5f))
              .read(uniform(0.05, 0.95), rows, experts)
              .read(DType.I32, SeededData.integers(chosen), rows, perToken)
              .read(normal(1), rows, perToken)
              .write(rows, experts)
              .build());
      cases.add(
          OperationCase.of(variant, new ExpertBalance(perToken))
              .read(ties ? constants(0.5, 0.25, 0.5) : uniform(0.05, 0.95), rows, experts)
              .integers(IntStream.range(0, rows).map(i -> i < 5 ? 0 : 5).toArray())
              .read(constants(0.3), 1)
              .write(1)
              .update(normal(0.01), rows, experts)
              .build());
    }
    cases.add(
        OperationCase.of(size, new ExpertOrder(experts))
            .read(DType.I32, SeededData.integers(pairs), rows, perToken)
            .write(DType.I32, rows, perToken)
            .write(DType.I32, experts, Segments.WIDTH)
            .build());
    cases.add(
        OperationCase.of(size, new ExpertBias(0.001f))
            .read(constants(3, 5, 4, 4, 9, 0, 3), experts)
            .update(normal(0.1), experts)
            .build());
  }

  private static void moves(List<OperationCase> cases, Spread spread, int rows, int columns) {
    String size = spread + " " + rows + "x" + columns;
    int pairs = rows * PER_TOKEN;
    // A permutation: grouped rows in the order that ExpertOrder would give them.
    int[] experts = spread.pairs(pairs);
    int[] segments = spread.segments(pairs);
    int[] next = new int[EXPERTS];
    int[] positions = new int[pairs];
    for (int i = 0; i < pairs; i++) {
      positions[i] = segments[experts[i] * Segments.WIDTH] + next[experts[i]]++;
    }
    cases.add(
        OperationCase.of(size, new ExpertDispatch())
            .read(normal(1), rows, columns)
            .read(DType.I32, SeededData.integers(positions), rows, PER_TOKEN)
            .write(pairs, columns)
            .build());
    cases.add(
        OperationCase.of(size, new ExpertDispatchGrad())
            .read(normal(1), pairs, columns)
            .read(DType.I32, SeededData.integers(positions), rows, PER_TOKEN)
            .write(rows, columns)
            .build());
    cases.add(
        OperationCase.of(size, new ExpertCombine())
            .read(normal(1), pairs, columns)
            .read(DType.I32, SeededData.integers(positions), rows, PER_TOKEN)
            .read(normal(1), rows, PER_TOKEN)
            .write(rows, columns)
            .build());
    cases.add(
        OperationCase.of(size, new ExpertCombineGrad())
            .read(normal(1), pairs, columns)
            .read(DType.I32, SeededData.integers(positions), rows, PER_TOKEN)
            .read(normal(1), rows, PER_TOKEN)
            .read(normal(1), rows, columns)
            .write(pairs, columns)
            .write(rows, PER_TOKEN)
            .build());
    cases.add(
        OperationCase.of(size, new ExpertLoad())
            .read(DType.I32, SeededData.integers(segments), EXPERTS, Segments.WIDTH)
            .update(constants(7, 0, 2), EXPERTS)
            .build());
  }

  private static void products(List<OperationCase> cases, Spread spread, int rows, int columns) {
    for (Layout layout : Layout.values()) {
      boolean wide = spread == Spread.MOST;
      int out = wide ? SMALL : columns;
      int in = wide ? columns : SMALL;
      boolean accumulate = !wide;
      for (Precision precision : Precision.values()) {
        cases.add(product(new ExpertMatMul(layout, precision, accumulate), spread, rows, out, in));
      }
      DType left = wide ? DType.E4M3 : DType.E5M2;
      cases.add(fp8(new ExpertFp8MatMul(layout, accumulate), left, spread, rows, out, in));
    }
  }

  private static OperationCase product(ExpertMatMul op, Spread spread, int rows, int out, int in) {
    String variant =
        op.layout() + " " + op.precision() + " " + spread + " " + rows + "x" + out + "x" + in;
    OperationCase.Builder builder = OperationCase.of(variant, op);
    builder.read(normal(1), rows, op.layout() == Layout.NT ? in : out);
    if (op.layout() == Layout.TN) {
      builder.read(normal(0.1), rows, in);
    } else {
      builder.read(normal(0.1), EXPERTS, out, in);
    }
    builder.read(DType.I32, SeededData.integers(spread.segments(rows)), EXPERTS, Segments.WIDTH);
    return result(builder, op.layout(), op.accumulate(), rows, out, in);
  }

  private static OperationCase fp8(
      ExpertFp8MatMul op, DType leftType, Spread spread, int rows, int out, int in) {
    String variant =
        op.layout() + " " + leftType + " " + spread + " " + rows + "x" + out + "x" + in;
    OperationCase.Builder builder = OperationCase.of(variant, op);
    int tiles = Segments.mostTiles(rows, EXPERTS);
    if (op.layout() == Layout.TN) {
      builder
          .read(leftType, normal(100), rows, out)
          .read(scales(), tiles, out)
          .read(DType.E4M3, normal(100), rows, in)
          .read(scales(), tiles, in);
    } else {
      int inner = op.layout() == Layout.NT ? in : out;
      builder
          .read(leftType, normal(100), rows, inner)
          .read(scales(), rows, Math.ceilDiv(inner, Tile.SIZE))
          .read(DType.E4M3, normal(100), EXPERTS, out, in)
          .read(scales(), EXPERTS, Math.ceilDiv(out, Tile.SIZE), Math.ceilDiv(in, Tile.SIZE));
    }
    builder.read(DType.I32, SeededData.integers(spread.segments(rows)), EXPERTS, Segments.WIDTH);
    return result(builder, op.layout(), op.accumulate(), rows, out, in);
  }

  private static OperationCase result(
      OperationCase.Builder builder, Layout layout, boolean accumulate, int rows, int out, int in) {
    int[] dims =
        switch (layout) {
          case NT -> new int[] {rows, out};
          case NN -> new int[] {rows, in};
          case TN -> new int[] {EXPERTS, out, in};
        };
    return (accumulate ? builder.update(normal(1), dims) : builder.write(dims)).build();
  }

  private static void quantizers(List<OperationCase> cases, int rows, int columns) {
    for (boolean powerOfTwo : new boolean[] {false, true}) {
      DType dtype = powerOfTwo ? DType.E5M2 : DType.E4M3;
      String size = dtype + (powerOfTwo ? " pow2 " : " ") + rows + "x" + columns;
      cases.add(
          OperationCase.of(size, new QuantizeExperts(powerOfTwo))
              .read(hostile(columns), 3, rows, columns)
              .write(dtype, 3, rows, columns)
              .write(3, Math.ceilDiv(rows, Tile.SIZE), Math.ceilDiv(columns, Tile.SIZE))
              .build());
      for (Spread spread : Spread.values()) {
        cases.add(
            OperationCase.of(spread + " " + size, new QuantizeSegments(powerOfTwo))
                .read(hostile(columns), rows, columns)
                .read(
                    DType.I32, SeededData.integers(spread.segments(rows)), EXPERTS, Segments.WIDTH)
                .write(dtype, rows, columns)
                .write(rows, Math.ceilDiv(columns, Tile.SIZE))
                .write(dtype, rows, columns)
                .write(Segments.mostTiles(rows, EXPERTS), columns)
                .build());
      }
    }
  }
}
