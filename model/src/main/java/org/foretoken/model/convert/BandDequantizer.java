package org.foretoken.model.convert;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.foretoken.fp8.Bf16;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.host.HostDequantize;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.kernels.host.HostQuantize;

/** Values of a band from its codes and scales, whatever the file's types are. */
final class BandDequantizer {
  private final HostPool pool;
  private final FileRecipe file;
  private final float[] table;

  BandDequantizer(HostPool pool, FileRecipe file) {
    this.pool = pool;
    this.file = file;
    table = NarrowCodes.values(file.recipe().element());
  }

  /**
   * Dequantizes [rows, columns].
   *
   * @param x [rows, columns] F32 or BF16, written
   */
  void dequantize(
      String where,
      MemorySegment codes,
      MemorySegment scales,
      int rows,
      int columns,
      MemorySegment x,
      DType type) {
    QuantizationRecipe recipe = file.recipe();
    if (HostQuantize.supports(recipe)) {
      HostDequantize.dequantize(pool, where, codes, scales, rows, columns, recipe, x, type);
      return;
    }
    Granularity tile = recipe.granularity();
    int scaleColumns = tile.scaleColumns(columns);
    pool.parallelFor(
        rows,
        16,
        (begin, end) -> {
          for (int row = begin; row < end; row++) {
            for (int column = 0; column < columns; column++) {
              long i = (long) row * columns + column;
              long group = (long) tile.scaleRow(row) * scaleColumns + tile.scaleColumn(column);
              float scale = NarrowCodes.scale(scales, file.scales(), group);
              put(x, type, i, table[NarrowCodes.code(codes, file.codes(), i)] * scale);
            }
          }
        });
  }

  private static void put(MemorySegment x, DType type, long i, float value) {
    if (type == DType.BF16) {
      x.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i, Bf16.encode(value));
    } else {
      x.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, value);
    }
  }
}
