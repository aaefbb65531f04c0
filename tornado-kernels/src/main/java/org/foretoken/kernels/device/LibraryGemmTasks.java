package org.foretoken.kernels.device;

import org.foretoken.kernels.cuda.TensorCoreLibrary;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.graph.Node;
import org.foretoken.kernels.kernel.RelayScales;
import org.foretoken.kernels.kernel.TransposeBytes;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Layout;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Matrix products as library tasks. Hopper's FP8 tensor cores multiply rows with rows only, so
 * dgrad and wgrad first transpose the operands whose inner dimension is not the last one; and
 * cuBLASLt wants its scales laid out in its own way, see {@link TensorCoreLibrary}.
 */
final class LibraryGemmTasks {
  private static final int BLOCK = 128;

  private LibraryGemmTasks() {}

  /** The road of an FP8 product. */
  static GemmRoad road(Node node, Fp8MatMul op, GemmRoads roads) {
    if (node.in(0).dtype() != DType.E4M3 || node.in(2).dtype() != DType.E4M3) {
      return GemmRoad.JIT;
    }
    return roads.choose(
        new GemmShape(
            GemmShape.Kind.of(op), node.out(0).rows(), node.out(0).columns(), inner(node, op)));
  }

  private static int inner(Node node, Fp8MatMul op) {
    return op.layout() == Layout.TN ? node.in(0).rows() : node.in(0).columns();
  }

  /** Emits an FP8 product; false where another road has to carry it out. */
  static boolean fp8MatMul(Node node, Fp8MatMul op, TaskList tasks) {
    GemmRoad road = road(node, op, tasks.roads());
    if (road == GemmRoad.JIT) {
      return false;
    }
    int rows = node.out(0).rows();
    int columns = node.out(0).columns();
    int inner = inner(node, op);
    ByteArray a = tasks.bytes(node.in(0));
    FloatArray aScales = tasks.f32(node.in(1));
    ByteArray b = tasks.bytes(node.in(2));
    FloatArray bScales = tasks.f32(node.in(3));
    boolean cublasLt = road == GemmRoad.CUBLASLT;
    int blocks = Math.ceilDiv(inner, BLOCK);
    switch (op.layout()) {
      case NT -> {
        if (cublasLt) {
          aScales = relay(aScales, blocks, rows, 1, blocks, rows, tasks);
          bScales = blockScales(bScales, columns, inner, blocks, 1, tasks);
        }
        tileBlock(cublasLt, a, aScales, b, bScales, node, op, inner, tasks);
      }
      case NN -> {
        int across = Math.ceilDiv(columns, BLOCK);
        b = transpose(b, inner, columns, tasks);
        if (cublasLt) {
          aScales = relay(aScales, blocks, rows, 1, blocks, rows, tasks);
          bScales = blockScales(bScales, columns, inner, 1, across, tasks);
        } else {
          bScales = relay(bScales, across, blocks, 1, across, blocks, tasks);
        }
        tileBlock(cublasLt, a, aScales, b, bScales, node, op, inner, tasks);
      }
      case TN -> {
        // The scales of 128x1 tiles lie as both libraries want them.
        a = tasks.fusion().isTransposed(node.in(0)) ? a : transpose(a, inner, rows, tasks);
        b = tasks.fusion().isTransposed(node.in(2)) ? b : transpose(b, inner, columns, tasks);
        tileTile(cublasLt, a, aScales, b, bScales, node, op, inner, tasks);
      }
    }
    return true;
  }

  /** Scales of 128x128 blocks [columns/128, inner/128], rows padded to a multiple of 4. */
  private static FloatArray blockScales(
      FloatArray scales, int columns, int inner, int xDown, int xAcross, TaskList tasks) {
    int blocks = Math.ceilDiv(inner, BLOCK);
    int padded = Math.ceilDiv(blocks, 4) * 4;
    if (xAcross == 1 && padded == blocks) {
      return scales;
    }
    return relay(scales, Math.ceilDiv(columns, BLOCK), blocks, xDown, xAcross, padded, tasks);
  }

  private static FloatArray relay(
      FloatArray x, int rows, int columns, int xDown, int xAcross, int yDown, TaskList tasks) {
    tasks.touch(x);
    FloatArray y = tasks.scratchF32((long) rows * yDown);
    tasks.add(
        "relayScales",
        (g, id) ->
            g.task(id, RelayScales::relayScales, x, y, rows, columns, xDown, xAcross, yDown));
    return y;
  }

  private static ByteArray transpose(ByteArray x, int rows, int columns, TaskList tasks) {
    tasks.touch(x);
    ByteArray y = tasks.scratchBytes((long) rows * columns);
    tasks.add(
        "transposeBytes",
        TaskList.groups(
            Math.ceilDiv(columns, TransposeBytes.EDGE),
            Math.ceilDiv(rows, TransposeBytes.EDGE),
            TransposeBytes.GROUP),
        (g, id) ->
            g.task(id, TransposeBytes::transposeBytes, TaskList.CONTEXT, x, y, rows, columns));
    return y;
  }

  private static void tileBlock(
      boolean cublasLt,
      ByteArray a,
      FloatArray aScales,
      ByteArray b,
      FloatArray bScales,
      Node node,
      Fp8MatMul op,
      int inner,
      TaskList tasks) {
    tasks.touch(a, aScales, b, bScales);
    FloatArray c = tasks.f32(node.out(0));
    int m = node.out(0).rows();
    int n = node.out(0).columns();
    int add = op.accumulate() ? 1 : 0;
    if (cublasLt) {
      tasks.add(
          "cublasLtFp8",
          (g, id) ->
              g.libraryTask(
                  id,
                  TensorCoreLibrary::fp8TileBlock,
                  a,
                  aScales,
                  b,
                  bScales,
                  c,
                  m,
                  n,
                  inner,
                  add));
    } else {
      tasks.add(
          "wgmmaFp8",
          (g, id) ->
              g.libraryTask(
                  id, TensorCoreLibrary::wgmmaFp8, a, aScales, b, bScales, c, m, n, inner, add));
    }
  }

  private static void tileTile(
      boolean cublasLt,
      ByteArray a,
      FloatArray aScales,
      ByteArray b,
      FloatArray bScales,
      Node node,
      Fp8MatMul op,
      int inner,
      TaskList tasks) {
    tasks.touch(a, aScales, b, bScales);
    FloatArray c = tasks.f32(node.out(0));
    int m = node.out(0).rows();
    int n = node.out(0).columns();
    int add = op.accumulate() ? 1 : 0;
    if (cublasLt) {
      tasks.add(
          "cublasLtFp8",
          (g, id) ->
              g.libraryTask(
                  id, TensorCoreLibrary::fp8TileTile, a, aScales, b, bScales, c, m, n, inner, add));
    } else {
      tasks.add(
          "wgmmaFp8",
          (g, id) ->
              g.libraryTask(
                  id,
                  TensorCoreLibrary::wgmmaFp8Tiles,
                  a,
                  aScales,
                  b,
                  bScales,
                  c,
                  m,
                  n,
                  inner,
                  add));
    }
  }

  /** Emits a BF16 product of packed operands; false where another road has to carry it out. */
  static boolean bf16(
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
    // Operands and result have to begin at 16 bytes, as their arrays do.
    boolean aligned = aOffset % 8 == 0 && bOffset % 8 == 0 && cOffset % 4 == 0;
    GemmShape shape = new GemmShape(GemmShape.Kind.BF16, m, n, k);
    if (!aligned || tasks.roads().choose(shape) != GemmRoad.CUBLASLT) {
      return false;
    }
    tasks.touch(a, b, c);
    int add = accumulate ? 1 : 0;
    tasks.add(
        "cublasLtBf16",
        (g, id) ->
            g.libraryTask(
                id,
                TensorCoreLibrary::bf16,
                a,
                b,
                c,
                m,
                n,
                k,
                aOffset,
                bOffset,
                cOffset,
                layout.ordinal(),
                add));
    return true;
  }
}
