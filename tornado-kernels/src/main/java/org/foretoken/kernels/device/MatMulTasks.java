package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.Fp8GemmDgrad;
import org.foretoken.kernels.kernel.Fp8GemmFprop;
import org.foretoken.kernels.kernel.Fp8GemmWgrad;
import org.foretoken.kernels.kernel.GemmNn;
import org.foretoken.kernels.kernel.GemmNt;
import org.foretoken.kernels.kernel.GemmTile;
import org.foretoken.kernels.kernel.GemmTn;
import org.foretoken.kernels.kernel.RoundBf16;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import org.foretoken.kernels.op.Precision;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Tasks of matrix products. */
final class MatMulTasks {
  private MatMulTasks() {}

  static void matMul(Node node, MatMul op, TaskList tasks) {
    int m = node.out(0).rows();
    int n = node.out(0).columns();
    int k = op.layout() == Layout.TN ? node.in(0).rows() : node.in(0).columns();
    if (op.precision() == Precision.BF16) {
      if (TensorCoreTasks.matMul(node, op, m, n, k, tasks)) {
        return;
      }
    }
    FloatArray a = rounded(tasks.f32(node.in(0)), 0, m * k, op.precision(), tasks);
    FloatArray b = rounded(tasks.f32(node.in(1)), 0, n * k, op.precision(), tasks);
    FloatArray c = tasks.f32(node.out(0));
    product(op.layout(), a, b, c, m, n, k, 0, 0, 0, op.accumulate(), tasks);
  }

  /** {@code x} as it enters a product: itself, or scratch memory with its elements rounded. */
  static FloatArray rounded(
      FloatArray x, int offset, int elements, Precision precision, TaskList tasks) {
    if (precision == Precision.F32) {
      return x;
    }
    tasks.touch(x);
    FloatArray y = tasks.scratchF32(elements);
    tasks.add("roundBf16", (g, id) -> g.task(id, RoundBf16::roundBf16, x, y, offset, elements));
    return y;
  }

  /** c = (c +) the product of a and b, from the given elements of each on. */
  static void product(
      Layout layout,
      FloatArray a,
      FloatArray b,
      FloatArray c,
      int m,
      int n,
      int k,
      int aOffset,
      int bOffset,
      int cOffset,
      boolean accumulate,
      TaskList tasks) {
    tasks.touch(a, b, c);
    WorkerGrid grid = tiles(m, n);
    int add = accumulate ? 1 : 0;
    switch (layout) {
      case NT ->
          tasks.add(
              "gemmNt",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      GemmNt::gemmNt,
                      TaskList.CONTEXT,
                      a,
                      b,
                      c,
                      m,
                      n,
                      k,
                      aOffset,
                      bOffset,
                      cOffset,
                      add));
      case NN ->
          tasks.add(
              "gemmNn",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      GemmNn::gemmNn,
                      TaskList.CONTEXT,
                      a,
                      b,
                      c,
                      m,
                      n,
                      k,
                      aOffset,
                      bOffset,
                      cOffset,
                      add));
      case TN ->
          tasks.add(
              "gemmTn",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      GemmTn::gemmTn,
                      TaskList.CONTEXT,
                      a,
                      b,
                      c,
                      m,
                      n,
                      k,
                      aOffset,
                      bOffset,
                      cOffset,
                      add));
    }
  }

  static void fp8MatMul(Node node, Fp8MatMul op, TaskList tasks) {
    if (LibraryGemmTasks.fp8MatMul(node, op, tasks) || TensorCoreTasks.fp8MatMul(node, op, tasks)) {
      return;
    }
    ByteArray a = tasks.bytes(node.in(0));
    FloatArray aScales = tasks.f32(node.in(1));
    ByteArray b = tasks.bytes(node.in(2));
    FloatArray bScales = tasks.f32(node.in(3));
    FloatArray c = tasks.f32(node.out(0));
    int aFormat = QuantizeTasks.format(node.in(0));
    int bFormat = QuantizeTasks.format(node.in(2));
    WorkerGrid grid = tiles(node.out(0).rows(), node.out(0).columns());
    int add = op.accumulate() ? 1 : 0;
    // Extents of the linear layer: x [m,k], w [n,k], y [m,n].
    int m = node.in(0).rows();
    int k = node.in(2).columns();
    int n = op.layout() == Layout.NT ? node.in(2).rows() : node.in(0).columns();
    switch (op.layout()) {
      case NT ->
          tasks.add(
              "fp8GemmFprop",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      Fp8GemmFprop::fp8GemmFprop,
                      TaskList.CONTEXT,
                      a,
                      aScales,
                      b,
                      bScales,
                      c,
                      m,
                      n,
                      k,
                      aFormat,
                      bFormat,
                      add));
      case NN ->
          tasks.add(
              "fp8GemmDgrad",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      Fp8GemmDgrad::fp8GemmDgrad,
                      TaskList.CONTEXT,
                      a,
                      aScales,
                      b,
                      bScales,
                      c,
                      m,
                      k,
                      n,
                      aFormat,
                      bFormat,
                      add));
      case TN ->
          tasks.add(
              "fp8GemmWgrad",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      Fp8GemmWgrad::fp8GemmWgrad,
                      TaskList.CONTEXT,
                      a,
                      aScales,
                      b,
                      bScales,
                      c,
                      n,
                      k,
                      m,
                      aFormat,
                      bFormat,
                      add));
    }
  }

  private static WorkerGrid tiles(int rows, int columns) {
    return TaskList.groups(
        Math.ceilDiv(columns, GemmTile.EDGE), Math.ceilDiv(rows, GemmTile.EDGE), GemmTile.GROUP);
  }
}
