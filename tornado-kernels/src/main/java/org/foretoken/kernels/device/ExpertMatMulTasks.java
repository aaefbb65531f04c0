package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.graph.Tensor;
import org.foretoken.kernels.kernel.ExpertFp8GemmDgrad;
import org.foretoken.kernels.kernel.ExpertFp8GemmFprop;
import org.foretoken.kernels.kernel.ExpertFp8GemmWgrad;
import org.foretoken.kernels.kernel.ExpertGemmNn;
import org.foretoken.kernels.kernel.ExpertGemmNt;
import org.foretoken.kernels.kernel.ExpertGemmTn;
import org.foretoken.kernels.kernel.GemmTile;
import org.foretoken.kernels.kernel.QuantizeBlocks;
import org.foretoken.kernels.kernel.QuantizeSegmentTiles;
import org.foretoken.kernels.op.ExpertFp8MatMul;
import org.foretoken.kernels.op.ExpertMatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.QuantizeExperts;
import org.foretoken.kernels.op.QuantizeSegments;
import org.foretoken.kernels.op.Segments;
import org.foretoken.kernels.op.Tile;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Tasks of what each expert makes of its rows. */
final class ExpertMatMulTasks {
  private ExpertMatMulTasks() {}

  static void matMul(Node node, ExpertMatMul op, TaskList tasks) {
    Tensor stack = op.layout() == Layout.TN ? node.out(0) : node.in(1);
    int experts = stack.rows();
    int out = stack.shape().dim(1);
    int in = stack.shape().dim(2);
    FloatArray a = rounded(node.in(0), op, tasks);
    FloatArray b = rounded(node.in(1), op, tasks);
    tasks.touch(a, b);
    IntArray segments = tasks.i32(node.in(2));
    FloatArray c = tasks.f32(node.out(0));
    int add = op.accumulate() ? 1 : 0;
    WorkerGrid grid = grid(op.layout(), node.in(0).rows(), experts, out, in);
    switch (op.layout()) {
      case NT ->
          tasks.add(
              "expertGemmNt",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      ExpertGemmNt::expertGemmNt,
                      TaskList.CONTEXT,
                      a,
                      b,
                      segments,
                      c,
                      experts,
                      out,
                      in,
                      add));
      case NN ->
          tasks.add(
              "expertGemmNn",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      ExpertGemmNn::expertGemmNn,
                      TaskList.CONTEXT,
                      a,
                      b,
                      segments,
                      c,
                      experts,
                      in,
                      out,
                      add));
      case TN ->
          tasks.add(
              "expertGemmTn",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      ExpertGemmTn::expertGemmTn,
                      TaskList.CONTEXT,
                      a,
                      b,
                      segments,
                      c,
                      out,
                      in,
                      add));
    }
  }

  private static FloatArray rounded(Tensor operand, ExpertMatMul op, TaskList tasks) {
    int elements = Math.toIntExact(operand.shape().elements());
    return MatMulTasks.rounded(tasks.f32(operand), 0, elements, op.precision(), tasks);
  }

  static void fp8MatMul(Node node, ExpertFp8MatMul op, TaskList tasks) {
    Tensor stack = op.layout() == Layout.TN ? node.out(0) : node.in(2);
    int experts = stack.rows();
    int out = stack.shape().dim(1);
    int in = stack.shape().dim(2);
    ByteArray a = tasks.bytes(node.in(0));
    FloatArray aScales = tasks.f32(node.in(1));
    ByteArray b = tasks.bytes(node.in(2));
    FloatArray bScales = tasks.f32(node.in(3));
    IntArray segments = tasks.i32(node.in(4));
    FloatArray c = tasks.f32(node.out(0));
    int aFormat = QuantizeTasks.format(node.in(0));
    int bFormat = QuantizeTasks.format(node.in(2));
    int add = op.accumulate() ? 1 : 0;
    WorkerGrid grid = grid(op.layout(), node.in(0).rows(), experts, out, in);
    switch (op.layout()) {
      case NT ->
          tasks.add(
              "expertFp8GemmFprop",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      ExpertFp8GemmFprop::expertFp8GemmFprop,
                      TaskList.CONTEXT,
                      a,
                      aScales,
                      b,
                      bScales,
                      segments,
                      c,
                      experts,
                      out,
                      in,
                      aFormat,
                      bFormat,
                      add));
      case NN ->
          tasks.add(
              "expertFp8GemmDgrad",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      ExpertFp8GemmDgrad::expertFp8GemmDgrad,
                      TaskList.CONTEXT,
                      a,
                      aScales,
                      b,
                      bScales,
                      segments,
                      c,
                      experts,
                      in,
                      out,
                      aFormat,
                      bFormat,
                      add));
      case TN ->
          tasks.add(
              "expertFp8GemmWgrad",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      ExpertFp8GemmWgrad::expertFp8GemmWgrad,
                      TaskList.CONTEXT,
                      a,
                      aScales,
                      b,
                      bScales,
                      segments,
                      c,
                      out,
                      in,
                      aFormat,
                      bFormat,
                      add));
    }
  }

  /** Groups for every tile that there can be. */
  private static WorkerGrid grid(Layout layout, int rows, int experts, int out, int in) {
    int columns = layout == Layout.NT ? out : in;
    long down =
        layout == Layout.TN
            ? (long) experts * Math.ceilDiv(out, GemmTile.EDGE)
            : (long) Segments.mostTiles(rows, experts) * (Tile.SIZE / GemmTile.EDGE);
    return TaskList.groups(Math.ceilDiv(columns, GemmTile.EDGE), down, GemmTile.GROUP);
  }

  static void quantizeWeights(Node node, QuantizeExperts op, TaskList tasks) {
    FloatArray x = tasks.f32(node.in(0));
    ByteArray codes = tasks.bytes(node.out(0));
    FloatArray scales = tasks.f32(node.out(1));
    int rows = node.in(0).shape().dim(1);
    int columns = node.in(0).shape().dim(2);
    int format = QuantizeTasks.format(node.out(0));
    int power = op.powerOfTwo() ? 1 : 0;
    int viaHalf = tasks.tensorCores() ? 1 : 0;
    tasks.add(
        "quantizeBlocks",
        TaskList.groups(
            Math.ceilDiv(columns, Tile.SIZE),
            (long) node.in(0).rows() * Math.ceilDiv(rows, Tile.SIZE),
            QuantizeBlocks.GROUP),
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

  static void quantizeSegments(Node node, QuantizeSegments op, TaskList tasks) {
    FloatArray x = tasks.f32(node.in(0));
    IntArray segments = tasks.i32(node.in(1));
    ByteArray rowCodes = tasks.bytes(node.out(0));
    FloatArray rowScales = tasks.f32(node.out(1));
    ByteArray columnCodes = tasks.bytes(node.out(2));
    FloatArray columnScales = tasks.f32(node.out(3));
    int experts = node.in(1).rows();
    int columns = node.in(0).columns();
    int rowFormat = QuantizeTasks.format(node.out(0));
    int columnFormat = QuantizeTasks.format(node.out(2));
    int power = op.powerOfTwo() ? 1 : 0;
    int viaHalf = tasks.tensorCores() ? 1 : 0;
    tasks.add(
        "quantizeSegmentTiles",
        TaskList.groups(
            Math.ceilDiv(columns, Tile.SIZE), node.out(3).rows(), QuantizeSegmentTiles.GROUP),
        (g, id) ->
            g.task(
                id,
                QuantizeSegmentTiles::quantizeSegmentTiles,
                TaskList.CONTEXT,
                x,
                segments,
                rowCodes,
                rowScales,
                columnCodes,
                columnScales,
                experts,
                columns,
                rowFormat,
                columnFormat,
                power,
                viaHalf));
  }
}
