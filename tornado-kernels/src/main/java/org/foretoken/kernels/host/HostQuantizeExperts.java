package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.ScaleRule;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.op.QuantizeExperts;
import org.foretoken.kernels.op.QuantizeSegments;
import org.foretoken.kernels.op.Tile;

/** Quantization that starts anew with each expert, on {@link HostQuantize}. */
final class HostQuantizeExperts {
  private static final ScaleRule[] RULES = {ScaleRule.AMAX, ScaleRule.POWER_OF_TWO};

  private HostQuantizeExperts() {}

  /** Each expert's matrix in 128x128 blocks, experts beside each other. */
  static Runnable weights(QuantizeExperts op, HostOperands x, HostPool pool) {
    Tensor in = x.in(0);
    int experts = in.rows();
    int rows = in.shape().dim(1);
    int columns = in.shape().dim(2);
    ScaleRule rule = RULES[op.powerOfTwo() ? 1 : 0];
    QuantizationRecipe recipe = HostQuantizeNode.recipe(x.out(0).dtype(), Tile.BLOCK_128X128, rule);
    String name = x.where() + ": operand '" + in + "'";
    MemorySegment source = x.read(0);
    MemorySegment codes = x.write(0);
    MemorySegment scales = x.write(1);
    long size = (long) rows * columns;
    long blocks = 4L * Math.ceilDiv(rows, Tile.SIZE) * Math.ceilDiv(columns, Tile.SIZE);
    HostPool.Range body =
        (from, to) -> {
          for (int e = from; e < to; e++) {
            HostQuantize.quantize(
                pool,
                name,
                source.asSlice(4L * e * size, 4 * size),
                DType.F32,
                rows,
                columns,
                recipe,
                codes.asSlice(e * size, size),
                scales.asSlice(e * blocks, blocks));
          }
        };
    return () -> pool.parallelFor(experts, 1, body);
  }

  /** Rows in 1x128 and in 128x1 groups, tile by tile. */
  static Runnable segments(QuantizeSegments op, HostOperands x, HostPool pool) {
    ScaleRule rule = RULES[op.powerOfTwo() ? 1 : 0];
    HostSegments segments = new HostSegments(x, 1, x.in(0).rows());
    int most = x.out(3).rows();
    int columns = x.in(0).columns();
    int[] firsts = new int[most];
    int[] counts = new int[most];
    Tiles tiles = new Tiles(x, pool, rule, firsts, counts);
    return () -> {
      segments.read();
      int used = 0;
      for (int i = 0; i < segments.count; i++) {
        int end = segments.first(segments.active[i]) + segments.rows(segments.active[i]);
        for (int row = segments.first(segments.active[i]); row < end; row += Tile.SIZE) {
          firsts[used] = row;
          counts[used++] = Math.min(Tile.SIZE, end - row);
        }
      }
      pool.parallelFor(used, 1, tiles);
      long scales = x.writeAddress(3);
      for (long i = (long) used * columns; i < (long) most * columns; i++) {
        HostMath.setFloat(scales + 4 * i, 1f);
      }
    };
  }

  /** Tiles of at most 128 rows. */
  private record Tiles(HostOperands x, HostPool pool, ScaleRule rule, int[] firsts, int[] counts)
      implements HostPool.Range {
    @Override
    public void run(int from, int to) {
      for (int t = from; t < to; t++) {
        tile(t);
      }
    }

    private void tile(int t) {
      int columns = x.in(0).columns();
      int rows = counts[t];
      long at = (long) firsts[t] * columns;
      long size = (long) rows * columns;
      long groups = Math.ceilDiv(columns, Tile.SIZE);
      MemorySegment source = x.read(0).asSlice(4 * at, 4 * size);
      MemorySegment rowCodes = x.write(0).asSlice(at, size);
      MemorySegment rowScales = x.write(1).asSlice(4L * firsts[t] * groups, 4L * rows * groups);
      MemorySegment columnCodes = x.write(2).asSlice(at, size);
      MemorySegment columnScales = x.write(3).asSlice(4L * t * columns, 4L * columns);
      String name = x.in(0).name();
      DType rowType = x.out(0).dtype();
      DType columnType = x.out(2).dtype();
      if (rowType == columnType) {
        Format format = HostQuantizeNode.format(rowType);
        HostQuantize.quantizeBoth(
            pool,
            name,
            source,
            DType.F32,
            rows,
            columns,
            format,
            rule,
            rowCodes,
            rowScales,
            columnCodes,
            columnScales);
        return;
      }
      QuantizationRecipe byRow = HostQuantizeNode.recipe(rowType, Tile.ROW_1X128, rule);
      QuantizationRecipe byColumn = HostQuantizeNode.recipe(columnType, Tile.COLUMN_128X1, rule);
      HostQuantize.quantize(
          pool, name, source, DType.F32, rows, columns, byRow, rowCodes, rowScales);
      HostQuantize.quantize(
          pool, name, source, DType.F32, rows, columns, byColumn, columnCodes, columnScales);
    }
  }
}
