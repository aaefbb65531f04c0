package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.RmsNormQuantizeBoth;
import org.foretoken.kernels.kernel.RmsNormQuantizeRows;
import org.foretoken.kernels.kernel.RmsNormStats;
import org.foretoken.kernels.kernel.SwiGluQuantizeRows;
import org.foretoken.kernels.op.Quantize;
import org.foretoken.kernels.op.QuantizeBoth;
import org.foretoken.kernels.op.RmsNorm;
import org.foretoken.kernels.op.SwiGlu;
import org.foretoken.kernels.op.Tile;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Tasks of quantizers that compute themselves what they quantize, see {@link NodeFusion}. */
final class FusedTasks {
  private FusedTasks() {}

  /** What is left of an RMSNorm whose result a quantizer computes. */
  static void rmsNormStats(Node node, RmsNorm op, TaskList tasks) {
    FloatArray x = tasks.f32(node.in(0));
    FloatArray rstd = tasks.f32(node.out(1));
    int columns = node.in(0).columns();
    float eps = op.eps();
    tasks.add(
        "rmsNormStats",
        TaskList.groups(node.in(0).rows(), RmsNormStats.GROUP),
        (g, id) -> g.task(id, RmsNormStats::rmsNormStats, TaskList.CONTEXT, x, rstd, columns, eps));
  }

  /** 1x128 groups of what {@code source} would have written. */
  static void quantizeRows(Node node, Quantize op, Node source, TaskList tasks) {
    int rows = node.in(0).rows();
    int columns = node.in(0).columns();
    int format = QuantizeTasks.format(node.out(0));
    int power = op.powerOfTwo() ? 1 : 0;
    ByteArray codes = tasks.bytes(node.out(0));
    FloatArray scales = tasks.f32(node.out(1));
    int viaHalf = tasks.tensorCores() ? 1 : 0;
    long tiles = (long) rows * Tile.ROW_1X128.scaleColumns(columns);
    FloatArray x = tasks.f32(source.in(0));
    FloatArray other = tasks.f32(source.in(1));
    if (source.op() instanceof SwiGlu) {
      tasks.add(
          "swiGluQuantizeRows",
          TaskList.groups(Math.ceilDiv(tiles, SwiGluQuantizeRows.TILES), SwiGluQuantizeRows.GROUP),
          (g, id) ->
              g.task(
                  id,
                  SwiGluQuantizeRows::swiGluQuantizeRows,
                  TaskList.CONTEXT,
                  x,
                  other,
                  codes,
                  scales,
                  rows,
                  columns,
                  format,
                  power,
                  viaHalf));
      return;
    }
    FloatArray rstd = tasks.f32(source.out(1));
    tasks.add(
        "rmsNormQuantizeRows",
        TaskList.groups(Math.ceilDiv(tiles, RmsNormQuantizeRows.TILES), RmsNormQuantizeRows.GROUP),
        (g, id) ->
            g.task(
                id,
                RmsNormQuantizeRows::rmsNormQuantizeRows,
                TaskList.CONTEXT,
                x,
                rstd,
                other,
                codes,
                scales,
                rows,
                columns,
                format,
                power,
                viaHalf));
  }

  /** 1x128 and 128x1 groups of what an RMSNorm would have written. */
  static void quantizeBoth(Node node, QuantizeBoth op, Node source, TaskList tasks) {
    int rows = node.in(0).rows();
    int columns = node.in(0).columns();
    int rowFormat = QuantizeTasks.format(node.out(0));
    int columnFormat = QuantizeTasks.format(node.out(2));
    int power = op.powerOfTwo() ? 1 : 0;
    int transposed = tasks.fusion().isTransposed(node.out(2)) ? 1 : 0;
    int viaHalf = tasks.tensorCores() ? 1 : 0;
    FloatArray x = tasks.f32(source.in(0));
    FloatArray weight = tasks.f32(source.in(1));
    FloatArray rstd = tasks.f32(source.out(1));
    ByteArray rowCodes = tasks.bytes(node.out(0));
    FloatArray rowScales = tasks.f32(node.out(1));
    ByteArray columnCodes = tasks.bytes(node.out(2));
    FloatArray columnScales = tasks.f32(node.out(3));
    tasks.add(
        "rmsNormQuantizeBoth",
        TaskList.groups(
            Math.ceilDiv(columns, Tile.SIZE),
            Math.ceilDiv(rows, Tile.SIZE),
            RmsNormQuantizeBoth.GROUP),
        (g, id) ->
            g.task(
                id,
                RmsNormQuantizeBoth::rmsNormQuantizeBoth,
                TaskList.CONTEXT,
                x,
                rstd,
                weight,
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
}
