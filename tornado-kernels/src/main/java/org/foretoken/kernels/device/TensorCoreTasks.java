package org.foretoken.kernels.device;

import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.AddElements;
import org.foretoken.kernels.kernel.Fp8GemmMmaBlock;
import org.foretoken.kernels.kernel.Fp8GemmMmaDgrad;
import org.foretoken.kernels.kernel.Fp8GemmMmaFprop;
import org.foretoken.kernels.kernel.Fp8GemmMmaWgrad;
import org.foretoken.kernels.kernel.GemmMmaBlockNn;
import org.foretoken.kernels.kernel.GemmMmaBlockNt;
import org.foretoken.kernels.kernel.GemmMmaBlockTn;
import org.foretoken.kernels.kernel.GemmMmaNn;
import org.foretoken.kernels.kernel.GemmMmaNt;
import org.foretoken.kernels.kernel.GemmMmaTn;
import org.foretoken.kernels.kernel.MmaBlock;
import org.foretoken.kernels.kernel.MmaTile;
import org.foretoken.kernels.kernel.PackBf16;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import org.foretoken.kernels.op.MatMul;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Tasks of matrix products on tensor cores, where there are any and the extents are multiples of
 * the tiles; the portable kernels do the rest.
 */
final class TensorCoreTasks {
  private TensorCoreTasks() {}

  /** Emits a BF16 product of extents m, n, k; false where it has to be done otherwise. */
  static boolean matMul(Node node, MatMul op, int m, int n, int k, TaskList tasks) {
    if (!fits(tasks, m, n, k, MmaTile.BF16_DEPTH)) {
      remember(GemmShape.Kind.BF16, m, n, k, GemmRoads.JitKernel.PORTABLE, tasks);
      return false;
    }
    IntArray a = packed(tasks.f32(node.in(0)), m * k, tasks);
    IntArray b = packed(tasks.f32(node.in(1)), n * k, tasks);
    product(op.layout(), a, b, tasks.f32(node.out(0)), m, n, k, 0, 0, 0, op.accumulate(), tasks);
    return true;
  }

  /** Whether the tensor cores take a product of these extents. */
  static boolean fits(TaskList tasks, int m, int n, int k, int depth) {
    return tasks.tensorCores()
        && m % MmaTile.ROWS == 0
        && n % MmaTile.COLUMNS == 0
        && k % depth == 0;
  }

  /** {@code elements} of x in BF16, two to an int, in scratch memory. */
  static IntArray packed(FloatArray x, int elements, TaskList tasks) {
    IntArray words = tasks.scratchI32(elements / 2);
    tasks.add("packBf16", (g, id) -> g.task(id, PackBf16::packBf16, x, words, elements / 2));
    return words;
  }

  /** c = (c +) the product of a and b, from the given elements of each on. */
  static void product(
      Layout layout,
      IntArray a,
      IntArray b,
      FloatArray c,
      int m,
      int n,
      int k,
      int aOffset,
      int bOffset,
      int cOffset,
      boolean accumulate,
      TaskList tasks) {
    if (LibraryGemmTasks.bf16(
        layout, a, b, c, m, n, k, aOffset, bOffset, cOffset, accumulate, tasks)) {
      return;
    }
    tasks.touch(a, b, c);
    if (aOffset == 0 && bOffset == 0 && cOffset == 0 && inBlocks(m, n, k)) {
      remember(GemmShape.Kind.BF16, m, n, k, GemmRoads.JitKernel.LARGE_TILES, tasks);
      blocks(layout, a, b, c, m, n, k, accumulate, tasks);
      return;
    }
    remember(GemmShape.Kind.BF16, m, n, k, GemmRoads.JitKernel.SMALL_TILES, tasks);
    FloatArray scratch = tasks.scratchF32((long) m * n);
    WorkerGrid grid = tiles(m, n);
    int add = accumulate ? 1 : 0;
    switch (layout) {
      case NT ->
          tasks.add(
              "gemmMmaNt",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      GemmMmaNt::gemmMmaNt,
                      TaskList.CONTEXT,
                      a,
                      b,
                      c,
                      scratch,
                      m,
                      n,
                      k,
                      aOffset,
                      bOffset,
                      cOffset,
                      add));
      case NN ->
          tasks.add(
              "gemmMmaNn",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      GemmMmaNn::gemmMmaNn,
                      TaskList.CONTEXT,
                      a,
                      b,
                      c,
                      scratch,
                      m,
                      n,
                      k,
                      aOffset,
                      bOffset,
                      cOffset,
                      add));
      case TN ->
          tasks.add(
              "gemmMmaTn",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      GemmMmaTn::gemmMmaTn,
                      TaskList.CONTEXT,
                      a,
                      b,
                      c,
                      scratch,
                      m,
                      n,
                      k,
                      aOffset,
                      bOffset,
                      cOffset,
                      add));
    }
  }

  /** Whether the extents are multiples of the large tiles. */
  private static boolean inBlocks(int m, int n, int k) {
    return m % MmaBlock.ROWS == 0 && n % MmaBlock.COLUMNS == 0 && k % MmaBlock.DEPTH == 0;
  }

  private static void blocks(
      Layout layout,
      IntArray a,
      IntArray b,
      FloatArray c,
      int m,
      int n,
      int k,
      boolean accumulate,
      TaskList tasks) {
    FloatArray product = accumulate ? tasks.scratchF32((long) m * n) : c;
    WorkerGrid grid = TaskList.groups(n / MmaBlock.COLUMNS, m / MmaBlock.ROWS, MmaBlock.GROUP);
    KernelContext context = TaskList.CONTEXT;
    switch (layout) {
      case NT ->
          tasks.add(
              "gemmMmaBlockNt",
              grid,
              (g, id) ->
                  g.task(id, GemmMmaBlockNt::gemmMmaBlockNt, context, a, b, product, m, n, k));
      case NN ->
          tasks.add(
              "gemmMmaBlockNn",
              grid,
              (g, id) ->
                  g.task(id, GemmMmaBlockNn::gemmMmaBlockNn, context, a, b, product, m, n, k));
      case TN ->
          tasks.add(
              "gemmMmaBlockTn",
              grid,
              (g, id) ->
                  g.task(id, GemmMmaBlockTn::gemmMmaBlockTn, context, a, b, product, m, n, k));
    }
    if (accumulate) {
      tasks.add(
          "addElements", (g, id) -> g.task(id, AddElements::addElements, c, product, c, m * n));
    }
  }

  /** Emits an E4M3 product; false where it has to be done otherwise. */
  static boolean fp8MatMul(Node node, Fp8MatMul op, TaskList tasks) {
    int rows = node.out(0).rows();
    int columns = node.out(0).columns();
    int inner = op.layout() == Layout.TN ? node.in(0).rows() : node.in(0).columns();
    if (!fits(tasks, rows, columns, inner, MmaTile.DEPTH)
        || node.in(0).dtype() != DType.E4M3
        || node.in(2).dtype() != DType.E4M3) {
      remember(GemmShape.Kind.of(op), rows, columns, inner, GemmRoads.JitKernel.PORTABLE, tasks);
      return false;
    }
    ByteArray a = tasks.bytes(node.in(0));
    FloatArray aScales = tasks.f32(node.in(1));
    ByteArray b = tasks.bytes(node.in(2));
    FloatArray bScales = tasks.f32(node.in(3));
    FloatArray c = tasks.f32(node.out(0));
    FloatArray scratch = tasks.scratchF32((long) rows * columns);
    WorkerGrid grid = tiles(rows, columns);
    int add = op.accumulate() ? 1 : 0;
    if (inBlocks(rows, columns, inner) && inner % 128 == 0) {
      remember(GemmShape.Kind.of(op), rows, columns, inner, GemmRoads.JitKernel.LARGE_TILES, tasks);
      tasks.add(
          "fp8GemmMmaBlock",
          TaskList.groups(columns / MmaBlock.COLUMNS, rows / MmaBlock.ROWS, 256),
          (g, id) ->
              g.task(
                  id,
                  Fp8GemmMmaBlock::fp8GemmMmaBlock,
                  TaskList.CONTEXT,
                  a,
                  aScales,
                  b,
                  bScales,
                  c,
                  scratch,
                  rows,
                  columns,
                  inner,
                  op.layout() == Layout.TN ? 1 : 0,
                  op.layout() == Layout.NT ? 0 : 1,
                  add));
      return true;
    }
    remember(GemmShape.Kind.of(op), rows, columns, inner, GemmRoads.JitKernel.SMALL_TILES, tasks);
    switch (op.layout()) {
      case NT ->
          tasks.add(
              "fp8GemmMmaFprop",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      Fp8GemmMmaFprop::fp8GemmMmaFprop,
                      TaskList.CONTEXT,
                      a,
                      aScales,
                      b,
                      bScales,
                      c,
                      scratch,
                      rows,
                      columns,
                      inner,
                      add));
      case NN ->
          tasks.add(
              "fp8GemmMmaDgrad",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      Fp8GemmMmaDgrad::fp8GemmMmaDgrad,
                      TaskList.CONTEXT,
                      a,
                      aScales,
                      b,
                      bScales,
                      c,
                      scratch,
                      rows,
                      columns,
                      inner,
                      add));
      case TN ->
          tasks.add(
              "fp8GemmMmaWgrad",
              grid,
              (g, id) ->
                  g.task(
                      id,
                      Fp8GemmMmaWgrad::fp8GemmMmaWgrad,
                      TaskList.CONTEXT,
                      a,
                      aScales,
                      b,
                      bScales,
                      c,
                      scratch,
                      rows,
                      columns,
                      inner,
                      add));
    }
    return true;
  }

  private static void remember(
      GemmShape.Kind kind, int m, int n, int k, GemmRoads.JitKernel kernel, TaskList tasks) {
    if (tasks.tensorCores()) {
      tasks.roads().remember(new GemmShape(kind, m, n, k), kernel);
    }
  }

  private static WorkerGrid tiles(int rows, int columns) {
    return TaskList.groups(columns / MmaTile.COLUMNS, rows / MmaTile.ROWS, MmaTile.GROUP);
  }
}
