package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.kernels.graph.DType;

/**
 * x = decode(code) * scale, one FP32 product, bit for bit that of {@link
 * org.foretoken.fp8.DequantizerReference} whatever the number of threads; rounded to nearest even
 * where the target is BF16.
 *
 * <p>Layouts are those of {@link HostQuantize}. After the first call on a thread nothing is
 * allocated.
 */
public final class HostDequantize {
  private HostDequantize() {}

  /**
   * Dequantizes a matrix.
   *
   * @param name the tensor's name, for messages
   * @param codes [rows, columns] in the recipe's element format: E4M3, E5M2 or E5M6
   * @param scales [scaleRows, scaleColumns] of the recipe's granularity, FP32 or E8M0
   * @param recipe how codes and scales were made
   * @param x [rows, columns], written
   * @param type F32 or BF16
   */
  public static void dequantize(
      HostPool pool,
      String name,
      MemorySegment codes,
      MemorySegment scales,
      int rows,
      int columns,
      QuantizationRecipe recipe,
      MemorySegment x,
      DType type) {
    HostQuantizeFormat format = HostQuantizeFormat.of(recipe.element());
    if (format == null || recipe.tensorScale()) {
      throw new IllegalArgumentException(
          "recipe " + recipe.name() + ": expected E4M3, E5M2 or E5M6 without a tensor scale");
    }
    Granularity tile = recipe.granularity();
    boolean exponents = recipe.scaleFormat().equals(Formats.E8M0);
    long groups = (long) tile.scaleRows(rows) * tile.scaleColumns(columns);
    HostQuantize.check(name, "codes", codes, (long) rows * columns * format.bytes);
    HostQuantize.check(name, "scales", scales, groups * (exponents ? 1 : 4));
    HostQuantize.checkSource(name, x, type, rows, columns);
    if (rows == 0 || columns == 0) {
      return;
    }
    HostDequantizeJob job = HostDequantizeJob.get();
    job.format = format;
    job.tile = tile;
    job.exponents = exponents;
    job.rows = rows;
    job.columns = columns;
    job.codes = codes.address();
    job.scales = scales.address();
    job.x = x.address();
    job.bf16 = type == DType.BF16;
    job.run(pool);
    Reference.reachabilityFence(codes);
    Reference.reachabilityFence(scales);
    Reference.reachabilityFence(x);
  }
}
