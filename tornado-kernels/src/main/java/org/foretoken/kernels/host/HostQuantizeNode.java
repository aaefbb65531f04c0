package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.Rounding;
import org.foretoken.fp8.ScaleRule;
import org.foretoken.fp8.Scaling;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.Dequantize;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.Tile;

/** Quantize, QuantizeBoth and Dequantize on {@link HostQuantize} and {@link HostDequantize}. */
final class HostQuantizeNode {
  private HostQuantizeNode() {}

  /** Binds Quantize. */
  static Runnable quantize(Quantize op, HostOperands x, HostPool pool) {
    return quantize(x, 0, op.tile(), rule(op.powerOfTwo()), pool);
  }

  /** Binds QuantizeBoth; in one read of x unless the two sides differ in format. */
  static Runnable quantizeBoth(QuantizeBoth op, HostOperands x, HostPool pool) {
    ScaleRule rule = rule(op.powerOfTwo());
    if (x.out(0).dtype() != x.out(2).dtype()) {
      Runnable rows = quantize(x, 0, Tile.ROW_1X128, rule, pool);
      Runnable columns = quantize(x, 2, Tile.COLUMN_128X1, rule, pool);
      return () -> {
        rows.run();
        columns.run();
      };
    }
    Format element = format(x.out(0).dtype());
    String name = x.where() + ": operand '" + x.in(0) + "'";
    int rows = x.in(0).rows();
    int columns = x.in(0).columns();
    MemorySegment source = x.read(0);
    MemorySegment rowCodes = x.write(0);
    MemorySegment rowScales = x.write(1);
    MemorySegment columnCodes = x.write(2);
    MemorySegment columnScales = x.write(3);
    return () ->
        HostQuantize.quantizeBoth(
            pool,
            name,
            source,
            DType.F32,
            rows,
            columns,
            element,
            rule,
            rowCodes,
            rowScales,
            columnCodes,
            columnScales);
  }

  private static Runnable quantize(
      HostOperands x, int out, Tile tile, ScaleRule rule, HostPool pool) {
    QuantizationRecipe recipe = recipe(x.out(out).dtype(), tile, rule);
    String name = x.where() + ": operand '" + x.in(0) + "'";
    int rows = x.in(0).rows();
    int columns = x.in(0).columns();
    MemorySegment source = x.read(0);
    MemorySegment codes = x.write(out);
    MemorySegment scales = x.write(out + 1);
    return () ->
        HostQuantize.quantize(pool, name, source, DType.F32, rows, columns, recipe, codes, scales);
  }

  /** Binds Dequantize. */
  static Runnable dequantize(Dequantize op, HostOperands x, HostPool pool) {
    QuantizationRecipe recipe = recipe(x.in(0).dtype(), op.tile(), ScaleRule.AMAX);
    String name = x.where() + ": operand '" + x.in(0) + "'";
    int rows = x.in(0).rows();
    int columns = x.in(0).columns();
    MemorySegment codes = x.read(0);
    MemorySegment scales = x.read(1);
    MemorySegment y = x.write(0);
    return () ->
        HostDequantize.dequantize(pool, name, codes, scales, rows, columns, recipe, y, DType.F32);
  }

  private static ScaleRule rule(boolean powerOfTwo) {
    return powerOfTwo ? ScaleRule.POWER_OF_TWO : ScaleRule.AMAX;
  }

  static Format format(DType dtype) {
    return switch (dtype) {
      case E4M3 -> Formats.E4M3;
      case E5M2 -> Formats.E5M2;
      case E5M6 -> Formats.E5M6;
      default -> throw new IllegalArgumentException("no FP8 format: " + dtype);
    };
  }

  static QuantizationRecipe recipe(DType dtype, Tile tile, ScaleRule rule) {
    Granularity granularity =
        switch (tile) {
          case ROW_1X128 -> Granularity.TILE_1X128;
          case COLUMN_128X1 -> Granularity.TILE_128X1;
          case BLOCK_128X128 -> Granularity.BLOCK_128X128;
        };
    return new QuantizationRecipe(
        tile.name(),
        format(dtype),
        granularity,
        rule,
        Formats.FP32,
        false,
        Scaling.ONLINE,
        Rounding.NEAREST_EVEN);
  }
}
