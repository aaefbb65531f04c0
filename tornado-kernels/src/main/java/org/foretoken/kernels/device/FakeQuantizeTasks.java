package org.foretoken.kernels.device;

import org.foretoken.fp8.Granularity;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.FakeQuantizeTiles;
import org.foretoken.kernels.kernel.FloatCodec;
import org.foretoken.kernels.kernel.TileScale;
import org.foretoken.kernels.op.FakeQuantize;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Tasks of the round trip through FP8: scales, then values. */
final class FakeQuantizeTasks {
  private FakeQuantizeTasks() {}

  static void fakeQuantize(Node node, FakeQuantize op, TaskList tasks) {
    int rows = node.in(0).rows();
    int columns = node.in(0).columns();
    Granularity scope = op.scope().granularity();
    int tileRows = scope.rows() == Granularity.WHOLE ? rows : scope.rows();
    int tileColumns = scope.columns() == Granularity.WHOLE ? columns : scope.columns();
    int format = op.element() == FakeQuantize.Element.E4M3 ? FloatCodec.E4M3 : FloatCodec.E5M2;
    int power = op.powerOfTwo() ? 1 : 0;
    int viaHalf = tasks.tensorCores() ? 1 : 0;
    FloatArray x = tasks.f32(node.in(0));
    FloatArray scales =
        tasks.scratchF32((long) scope.scaleRows(rows) * scope.scaleColumns(columns));
    tasks.add(
        "tileScale",
        TaskList.groups(scope.scaleColumns(columns), scope.scaleRows(rows), TileScale.GROUP),
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
                format,
                power));
    tasks.touch(x, scales);
    FloatArray y = tasks.f32(node.out(0));
    tasks.add(
        "fakeQuantizeTiles",
        (g, id) ->
            g.task(
                id,
                FakeQuantizeTiles::fakeQuantizeTiles,
                x,
                scales,
                y,
                rows,
                columns,
                tileRows,
                tileColumns,
                format,
                viaHalf));
  }
}
