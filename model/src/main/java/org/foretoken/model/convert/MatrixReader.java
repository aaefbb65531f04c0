package org.foretoken.model.convert;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.foretoken.fp8.Bf16;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.host.HostPool;
import org.foretoken.model.checkpoint.SafetensorsDType;

/** Bands of a matrix in F32, BF16 or F16, in a type that the host kernels take. */
final class MatrixReader implements AutoCloseable {
  private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  private static final int GRAIN = 1 << 15;

  private final HostPool pool;
  private final OffHeapBuffer widened = new OffHeapBuffer();

  MatrixReader(HostPool pool) {
    this.pool = pool;
  }

  /** The kernels' type for {@code type}: F16 is widened. */
  static DType kernelType(SafetensorsDType type) {
    return type == SafetensorsDType.BF16 ? DType.BF16 : DType.F32;
  }

  /**
   * {@code count} rows from {@code first} on, in {@link #kernelType}; a view of the source, or
   * memory that the next call reuses.
   */
  MemorySegment band(
      MemorySegment source, SafetensorsDType type, int columns, int first, int count) {
    long elements = (long) count * columns;
    MemorySegment band =
        source.asSlice((long) first * columns * type.bytes(), elements * type.bytes());
    if (type != SafetensorsDType.F16) {
      return band;
    }
    MemorySegment floats = widened.get(4 * elements);
    pool.parallelFor(
        Math.toIntExact(Math.ceilDiv(elements, GRAIN)),
        1,
        (begin, end) -> {
          long last = Math.min((long) end * GRAIN, elements);
          for (long i = (long) begin * GRAIN; i < last; i++) {
            floats.setAtIndex(
                ValueLayout.JAVA_FLOAT, i, Float.float16ToFloat(band.get(SHORT, 2 * i)));
          }
        });
    return floats;
  }

  /** Value {@code i} of a band. */
  static float value(MemorySegment band, DType type, long i) {
    return type == DType.F32
        ? band.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i)
        : Bf16.decode(band.get(SHORT, 2 * i));
  }

  @Override
  public void close() {
    widened.close();
  }
}
