package org.foretoken.kernels.host;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import org.foretoken.fp8.Format;
import org.foretoken.fp8.Formats;
import org.foretoken.fp8.Granularity;
import org.foretoken.fp8.InputException;
import org.foretoken.fp8.QuantizationRecipe;
import org.foretoken.fp8.Rounding;
import org.foretoken.fp8.ScaleRule;
import org.foretoken.fp8.Scaling;
import org.foretoken.kernels.graph.DType;

/**
 * The quantizers of the host: codes and scales bit for bit those of {@link
 * org.foretoken.fp8.QuantizerReference}, whatever the number of threads.
 *
 * <p>All memory is off-heap and row-major. Element formats are E4M3 and E5M2, a byte a code, and
 * E5M6, a little-endian 16-bit word a code with its upper four bits zero, as {@link
 * org.foretoken.fp8.Fp8Tensor} keeps it; scales are FP32, or one E8M0 byte each. After the first
 * call on a thread nothing is allocated.
 *
 * <p>Groups with a NaN, or so small that their scale is close to underflow, leave the vector loops
 * for a scalar one; everything else is the fast path.
 */
public final class HostQuantize {
  private HostQuantize() {}

  /**
   * Quantizes a matrix by an online recipe with nearest rounding.
   *
   * @param name the tensor's name, for messages
   * @param x [rows, columns], F32 or BF16
   * @param type what x holds
   * @param recipe element E4M3, E5M2 or E5M6; scales in FP32 or E8M0
   * @param codes [rows, columns], written
   * @param scales [scaleRows, scaleColumns] of the recipe's granularity, written
   * @return whether x holds a NaN (which is kept as NaN)
   * @throws InputException naming tensor and index if a value is infinite; codes and scales are
   *     then undefined
   */
  public static boolean quantize(
      HostPool pool,
      String name,
      MemorySegment x,
      DType type,
      int rows,
      int columns,
      QuantizationRecipe recipe,
      MemorySegment codes,
      MemorySegment scales) {
    HostQuantizeFormat format = supported(recipe);
    Granularity tile = recipe.granularity();
    boolean exponents = recipe.scaleFormat().equals(Formats.E8M0);
    long groups = (long) tile.scaleRows(rows) * tile.scaleColumns(columns);
    checkSource(name, x, type, rows, columns);
    check(name, "codes", codes, (long) rows * columns * format.bytes);
    check(name, "scales", scales, groups * (exponents ? 1 : 4));
    if (rows == 0 || columns == 0) {
      return false;
    }
    HostQuantizeJob job = HostQuantizeJob.get();
    job.source(x.address(), type, rows, columns);
    job.target(format, recipe.scaleRule(), codes.address(), scales.address(), exponents);
    job.run(pool, tile);
    boolean sawNan = job.sawNan();
    boolean sawInfinity = job.sawInfinity();
    Reference.reachabilityFence(codes);
    Reference.reachabilityFence(scales);
    if (sawInfinity) {
      throw notFinite(name, x, type, rows, columns, 0, false);
    }
    Reference.reachabilityFence(x);
    return sawNan;
  }

  /**
   * Quantizes a matrix in 1x128 and in 128x1 groups from one read: what fprop or dgrad, and what
   * wgrad of the same linear layer needs.
   *
   * @param x [rows, columns], F32 or BF16
   * @param element E4M3 or E5M2
   * @param rule how a scale comes from amax
   * @param rowCodes [rows, columns]
   * @param rowScales F32 [rows, ceil(columns / 128)]
   * @param columnCodes [rows, columns]
   * @param columnScales F32 [ceil(rows / 128), columns]
   * @return whether x holds a NaN
   * @throws InputException as {@link #quantize}
   */
  public static boolean quantizeBoth(
      HostPool pool,
      String name,
      MemorySegment x,
      DType type,
      int rows,
      int columns,
      Format element,
      ScaleRule rule,
      MemorySegment rowCodes,
      MemorySegment rowScales,
      MemorySegment columnCodes,
      MemorySegment columnScales) {
    HostQuantizeFormat format = HostQuantizeFormat.of(element);
    if (format == null || format.bytes != 1) {
      throw new IllegalArgumentException("element: expected E4M3 or E5M2, found " + element.name());
    }
    checkSource(name, x, type, rows, columns);
    long size = (long) rows * columns;
    check(name, "rowCodes", rowCodes, size);
    check(name, "rowScales", rowScales, 4L * rows * Math.ceilDiv(columns, 128));
    check(name, "columnCodes", columnCodes, size);
    check(name, "columnScales", columnScales, 4L * Math.ceilDiv(rows, 128) * columns);
    if (rows == 0 || columns == 0) {
      return false;
    }
    HostQuantizeJob job = HostQuantizeJob.get();
    job.source(x.address(), type, rows, columns);
    job.target(format, rule, columnCodes.address(), columnScales.address(), false);
    job.runBoth(pool, rowCodes.address(), rowScales.address());
    boolean sawNan = job.sawNan();
    boolean sawInfinity = job.sawInfinity();
    Reference.reachabilityFence(rowCodes);
    Reference.reachabilityFence(rowScales);
    Reference.reachabilityFence(columnCodes);
    Reference.reachabilityFence(columnScales);
    if (sawInfinity) {
      throw notFinite(name, x, type, rows, columns, 0, false);
    }
    Reference.reachabilityFence(x);
    return sawNan;
  }

  /**
   * The largest magnitude of a tensor, NaN not counted.
   *
   * @param x [rows, columns], F32 or BF16
   * @throws InputException naming tensor and index if a value is infinite
   */
  public static float amax(
      HostPool pool, String name, MemorySegment x, DType type, int rows, int columns) {
    checkSource(name, x, type, rows, columns);
    HostQuantizeJob job = HostQuantizeJob.get();
    job.source(x.address(), type, rows, columns);
    job.target(HostQuantizeFormat.E4M3, ScaleRule.AMAX, 0, 0, false);
    job.runAmax(pool);
    float amax = Float.intBitsToFloat(job.tensorAmax());
    if (job.sawInfinity()) {
      throw notFinite(name, x, type, rows, columns, 0, false);
    }
    Reference.reachabilityFence(x);
    return amax;
  }

  /**
   * Quantizes with a scale that is given: by an earlier step (delayed scaling), or for a part of a
   * tensor. Values beyond the format's range under this scale saturate.
   *
   * @param element E4M3, E5M2 or E5M6
   * @param scale positive and finite
   * @param codes [rows, columns], written
   * @return whether x holds a NaN
   * @throws InputException as {@link #quantize}
   */
  public static boolean quantizeWithScale(
      HostPool pool,
      String name,
      MemorySegment x,
      DType type,
      int rows,
      int columns,
      Format element,
      float scale,
      MemorySegment codes) {
    HostQuantizeFormat format = HostQuantizeFormat.of(element);
    if (format == null || !(scale > 0 && scale <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException(
          name
              + ": expected E4M3, E5M2 or E5M6 and a positive scale, found "
              + element.name()
              + " and "
              + scale);
    }
    checkSource(name, x, type, rows, columns);
    check(name, "codes", codes, (long) rows * columns * format.bytes);
    HostQuantizeJob job = HostQuantizeJob.get();
    job.source(x.address(), type, rows, columns);
    job.target(format, ScaleRule.AMAX, codes.address(), 0, false);
    job.runCodes(pool, scale, true);
    boolean sawNan = job.sawNan();
    boolean sawInfinity = job.sawInfinity();
    Reference.reachabilityFence(codes);
    if (sawInfinity) {
      throw notFinite(name, x, type, rows, columns, 0, false);
    }
    Reference.reachabilityFence(x);
    return sawNan;
  }

  /** Whether {@link #quantize} has a loop for {@code recipe}. */
  public static boolean supports(QuantizationRecipe recipe) {
    return HostQuantizeFormat.of(recipe.element()) != null
        && !recipe.tensorScale()
        && recipe.scaling() instanceof Scaling.Online
        && recipe.rounding() == Rounding.NEAREST_EVEN;
  }

  /**
   * The first value of {@code x} that is infinite (or NaN, if {@code nanToo}), as the exception
   * that names it.
   *
   * @param firstRow row of the tensor that x begins with
   * @throws IllegalStateException if there is none
   */
  public static InputException notFinite(
      String name,
      MemorySegment x,
      DType type,
      int rows,
      int columns,
      long firstRow,
      boolean nanToo) {
    for (long i = 0; i < (long) rows * columns; i++) {
      float value =
          type == DType.F32
              ? HostQuantizeLanes.getFloat(x.address() + 4 * i)
              : Float.intBitsToFloat(HostQuantizeLanes.getShort(x.address() + 2 * i) << 16);
      if (Float.isInfinite(value) || nanToo && Float.isNaN(value)) {
        Reference.reachabilityFence(x);
        return new InputException(
            String.format(
                "%s [%d, %d] (element %d): expected %s, found %s; mend or clamp it before"
                    + " quantizing",
                name,
                firstRow + i / columns,
                i % columns,
                firstRow * columns + i,
                nanToo ? "a finite number" : "a finite value",
                value));
      }
    }
    throw new IllegalStateException(name + ": every value is finite");
  }

  private static HostQuantizeFormat supported(QuantizationRecipe recipe) {
    if (!supports(recipe)) {
      throw new IllegalArgumentException(
          "recipe "
              + recipe.name()
              + ": expected E4M3, E5M2 or E5M6, online, to nearest even, without a tensor scale");
    }
    return HostQuantizeFormat.of(recipe.element());
  }

  static void checkSource(String name, MemorySegment x, DType type, int rows, int columns) {
    if (type != DType.F32 && type != DType.BF16) {
      throw new IllegalArgumentException(name + ": expected F32 or BF16, found " + type);
    }
    if (rows < 0 || columns < 0) {
      throw new IllegalArgumentException(
          name + ": expected a shape, found [" + rows + ", " + columns + "]");
    }
    check(name, "x", x, (long) rows * columns * type.bytes());
  }

  static void check(String name, String what, MemorySegment segment, long bytes) {
    if (!segment.isNative() || !segment.scope().isAlive() || segment.byteSize() < bytes) {
      throw new IllegalArgumentException(
          String.format(
              "%s: expected at least %d bytes of live off-heap memory for %s, found %s",
              name, bytes, what, segment));
    }
  }
}
