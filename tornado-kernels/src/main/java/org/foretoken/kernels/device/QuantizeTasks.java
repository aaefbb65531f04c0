package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.kernel.Dequantize;
import org.foretoken.kernels.kernel.DequantizeWide;
import org.foretoken.kernels.kernel.EncodeWide;
import org.foretoken.kernels.kernel.FloatCodec;
import org.foretoken.kernels.kernel.QuantizeBlocks;
import org.foretoken.kernels.kernel.QuantizeColumns;
import org.foretoken.kernels.kernel.QuantizeRows;
import org.foretoken.kernels.kernel.QuantizeRowsAndColumns;
import org.foretoken.kernels.kernel.TileScale;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.Tile;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/** Tasks of quantizers and dequantizers. */
final class QuantizeTasks {
  private QuantizeTasks() {}

  /** The number by which kernels know the format of a tensor of codes. */
  static int format(Tensor codes) {
    return switch (codes.dtype()) {
      case E4M3 -> FloatCodec.E4M3;
      case E5M2 -> FloatCodec.E5M2;
      case E5M6 -> FloatCodec.E5M6;
      default -> throw new IllegalArgumentException(codes + " does not hold codes");
    };
  }

  static void quantize(Node node, Quantize op, TaskList tasks) {
    Tensor in = node.in(0);
    int rows = in.rows();
    int columns = in.columns();
    int format = format(node.out(0));
    int power = op.powerOfTwo() ? 1 : 0;
    int viaHalf = tasks.tensorCores() ? 1 : 0;
    if (node.out(0).dtype() == DType.E5M6) {
      quantizeWide(node, op, tasks);
      return;
    }
    if (tasks.fusion().producer(node) != null) {
      FusedTasks.quantizeRows(node, op, tasks.fusion().producer(node), tasks);
      return;
    }
    FloatArray x = tasks.f32(in);
    ByteArray codes = tasks.bytes(node.out(0));
    FloatArray scales = tasks.f32(node.out(1));
    switch (op.tile()) {
      case ROW_1X128 -> {
        long tiles = (long) rows * Tile.ROW_1X128.scaleColumns(columns);
        tasks.add(
            "quantizeRows",
            TaskList.groups(Math.ceilDiv(tiles, QuantizeRows.TILES), QuantizeRows.GROUP),
            (g, id) ->
                g.task(
                    id,
                    QuantizeRows::quantizeRows,
                    TaskList.CONTEXT,
                    x,
                    codes,
                    scales,
                    rows,
                    columns,
                    format,
                    power,
                    viaHalf));
      }
      case COLUMN_128X1 -> {
        int strips = Tile.COLUMN_128X1.scaleRows(rows);
        tasks.add(
            "quantizeColumns",
            TaskList.groups(
                Math.ceilDiv(columns, QuantizeColumns.COLUMNS), strips, QuantizeColumns.GROUP),
            (g, id) ->
                g.task(
                    id,
                    QuantizeColumns::quantizeColumns,
                    TaskList.CONTEXT,
                    x,
                    codes,
                    scales,
                    rows,
                    columns,
                    format,
                    power,
                    viaHalf));
      }
      case BLOCK_128X128 ->
          tasks.add(
              "quantizeBlocks",
              TaskList.groups(
                  op.tile().scaleColumns(columns), op.tile().scaleRows(rows), QuantizeBlocks.GROUP),
              (g, id) ->
                  g.task(
                      id,
                      QuantizeBlocks::quantizeBlocks,
                      TaskList.CONTEXT,
                      x,
                      codes,
                      scales,
                      rows,
                      columns,
                      format,
                      power,
                      viaHalf));
    }
  }

  private static void quantizeWide(Node node, Quantize op, TaskList tasks) {
    int rows = node.in(0).rows();
    int columns = node.in(0).columns();
    int power = op.powerOfTwo() ? 1 : 0;
    int viaHalf = tasks.tensorCores() ? 1 : 0;
    int tileRows = tileRows(op.tile());
    int tileColumns = tileColumns(op.tile());
    FloatArray x = tasks.f32(node.in(0));
    FloatArray scales = tasks.f32(node.out(1));
    tasks.add(
        "tileScale",
        TaskList.groups(
            op.tile().scaleColumns(columns), op.tile().scaleRows(rows), TileScale.GROUP),
        (g, id) ->
            g.task(
                id,
                TileScale::tileScale,
                TaskList.CONTEXT,
                x,
                scales,
                rows,
                columns,
                tileRows,
                tileColumns,
                FloatCodec.E5M6,
                power));
    tasks.touch(x, scales);
    ShortArray codes = tasks.shorts(node.out(0));
    tasks.add(
        "encodeWide",
        (g, id) ->
            g.task(
                id,
                EncodeWide::encodeWide,
                x,
                scales,
                codes,
                rows,
                columns,
                tileRows,
                tileColumns,
                viaHalf));
  }

  static void quantizeBoth(Node node, QuantizeBoth op, TaskList tasks) {
    if (tasks.fusion().producer(node) != null) {
      FusedTasks.quantizeBoth(node, op, tasks.fusion().producer(node), tasks);
      return;
    }
    int rows = node.in(0).rows();
    int columns = node.in(0).columns();
    int rowFormat = format(node.out(0));
    int columnFormat = format(node.out(2));
    int power = op.powerOfTwo() ? 1 : 0;
    int transposed = tasks.fusion().isTransposed(node.out(2)) ? 1 : 0;
    int viaHalf = tasks.tensorCores() ? 1 : 0;
    FloatArray x = tasks.f32(node.in(0));
    ByteArray rowCodes = tasks.bytes(node.out(0));
    FloatArray rowScales = tasks.f32(node.out(1));
    ByteArray columnCodes = tasks.bytes(node.out(2));
    FloatArray columnScales = tasks.f32(node.out(3));
    tasks.add(
        "quantizeRowsAndColumns",
        TaskList.groups(
            Math.ceilDiv(columns, Tile.SIZE),
            Math.ceilDiv(rows, Tile.SIZE),
            QuantizeRowsAndColumns.GROUP),
        (g, id) ->
            g.task(
                id,
                QuantizeRowsAndColumns::quantizeRowsAndColumns,
                TaskList.CONTEXT,
                x,
                rowCodes,
                rowScales,
                columnCodes,
                columnScales,
                rows,
                columns,
                rowFormat,
                columnFormat,
                power,
                transposed,
                viaHalf));
  }

  static void dequantize(Node node, Tile tile, TaskList tasks) {
    int rows = node.out(0).rows();
    int columns = node.out(0).columns();
    int tileRows = tileRows(tile);
    int tileColumns = tileColumns(tile);
    FloatArray scales = tasks.f32(node.in(1));
    FloatArray x = tasks.f32(node.out(0));
    if (node.in(0).dtype() == DType.E5M6) {
      ShortArray codes = tasks.shorts(node.in(0));
      tasks.add(
          "dequantizeWide",
          (g, id) ->
              g.task(
                  id,
                  DequantizeWide::dequantizeWide,
                  codes,
                  scales,
                  x,
                  rows,
                  columns,
                  tileRows,
                  tileColumns));
      return;
    }
    int format = format(node.in(0));
    ByteArray codes = tasks.bytes(node.in(0));
    tasks.add(
        "dequantize",
        (g, id) ->
            g.task(
                id,
                Dequantize::dequantize,
                codes,
                scales,
                x,
                rows,
                columns,
                tileRows,
                tileColumns,
                format));
  }

  private static int tileRows(Tile tile) {
    return tile == Tile.ROW_1X128 ? 1 : Tile.SIZE;
  }

  private static int tileColumns(Tile tile) {
    return tile == Tile.COLUMN_128X1 ? 1 : Tile.SIZE;
  }
}
