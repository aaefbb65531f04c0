package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.Fp8MatMul;
import org.foretoken.kernels.op.Tile;

/** c = (c +) the product of two FP8 matrices with fine-grained scales, on {@link HostFp8Gemm}. */
final class HostFp8MatMul {
  private HostFp8MatMul() {}

  /** Binds the operation. */
  static Runnable of(Fp8MatMul op, HostOperands x, HostPool pool) {
    int m = x.out(0).rows();
    int n = x.out(0).columns();
    MemorySegment c = x.write(0);
    boolean accumulate = op.accumulate();
    return switch (op.layout()) {
      case NT -> {
        HostFp8Gemm.Operand a = operand(x, 0, Tile.ROW_1X128);
        HostFp8Gemm.Operand b = operand(x, 2, Tile.BLOCK_128X128);
        int k = x.in(0).columns();
        boolean e4m3 = x.in(0).dtype() == DType.E4M3 && x.in(2).dtype() == DType.E4M3;
        if (e4m3 && !accumulate && HostWeights.packable(x, 2, m)) {
          yield onPackedWeight(x, pool, m);
        }
        yield () -> HostFp8Gemm.nt(pool, a, b, c, m, n, k, accumulate);
      }
      case NN -> {
        HostFp8Gemm.Operand a = operand(x, 0, Tile.ROW_1X128);
        HostFp8Gemm.Operand b = operand(x, 2, Tile.BLOCK_128X128);
        int k = x.in(0).columns();
        yield () -> HostFp8Gemm.nn(pool, a, b, c, m, n, k, accumulate);
      }
      case TN -> {
        HostFp8Gemm.Operand a = operand(x, 0, Tile.COLUMN_128X1);
        HostFp8Gemm.Operand b = operand(x, 2, Tile.COLUMN_128X1);
        int k = x.in(0).rows();
        yield () -> HostFp8Gemm.tn(pool, a, b, c, m, n, k, accumulate);
      }
    };
  }

  /** Few rows on a resident weight, as in decoding: the same bits from a packed copy. */
  private static Runnable onPackedWeight(HostOperands x, HostPool pool, int m) {
    HostWeights weights = x.weights();
    long[] version = weights.version(x.in(2).name());
    MemorySegment c = x.write(0);
    return () ->
        weights
            .packed(x.in(2), HostWeights.Kind.FP8, version, x.read(2), x.read(3))
            .multiplyFp8(pool, x.read(0), x.read(1), c, m);
  }

  private static HostFp8Gemm.Operand operand(HostOperands x, int i, Tile tile) {
    HostFp8Gemm.Format format =
        x.in(i).dtype() == DType.E5M2 ? HostFp8Gemm.Format.E5M2 : HostFp8Gemm.Format.E4M3;
    int tileRows = tile == Tile.ROW_1X128 ? 1 : Tile.SIZE;
    int tileColumns = tile == Tile.COLUMN_128X1 ? 1 : Tile.SIZE;
    return new HostFp8Gemm.Operand(x.read(i), format, x.read(i + 1), tileRows, tileColumns);
  }
}
