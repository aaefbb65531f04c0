package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.op.FakeQuantize;

/** FakeQuantize: the host's quantizer and dequantizer one after the other. */
final class HostFakeQuantize {
  private HostFakeQuantize() {}

  /** Binds the operation. */
  static Runnable of(FakeQuantize op, HostOperands x, HostPool pool) {
    QuantizationRecipe recipe = op.recipe();
    String name = x.where() + ": operand '" + x.in(0) + "'";
    int rows = x.in(0).rows();
    int columns = x.in(0).columns();
    long scaleBytes =
        4L * recipe.granularity().scaleRows(rows) * recipe.granularity().scaleColumns(columns);
    MemorySegment scratch = x.scratch(scaleBytes + (long) rows * columns);
    MemorySegment scales = scratch.asSlice(0, scaleBytes);
    MemorySegment codes = scratch.asSlice(scaleBytes);
    MemorySegment source = x.read(0);
    MemorySegment y = x.write(0);
    return () -> {
      HostQuantize.quantize(pool, name, source, DType.F32, rows, columns, recipe, codes, scales);
      HostDequantize.dequantize(pool, name, codes, scales, rows, columns, recipe, y, DType.F32);
    };
  }
}
