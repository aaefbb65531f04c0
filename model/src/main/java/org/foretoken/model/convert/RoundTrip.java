package org.foretoken.model.convert;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.foretoken.fp8.ErrorStatistics;
import org.foretoken.fp8.Granularity;
import org.foretoken.kernels.graph.DType;
import org.foretoken.kernels.host.HostPool;

/** Compares a band with what its codes give back; the sums do not depend on the threads. */
final class RoundTrip implements AutoCloseable {
  /** Rows whose statistics are gathered together. */
  private static final int CHUNK = 32;

  private final HostPool pool;
  private final FileRecipe file;
  private final BandDequantizer dequantizer;
  private final OffHeapBuffer back = new OffHeapBuffer();

  RoundTrip(HostPool pool, FileRecipe file) {
    this.pool = pool;
    this.file = file;
    dequantizer = new BandDequantizer(pool, file);
  }

  /** Adds a band [rows, columns] to {@code statistics}. */
  void add(
      MemorySegment band,
      DType type,
      int rows,
      int columns,
      MemorySegment codes,
      MemorySegment scales,
      ErrorStatistics statistics) {
    MemorySegment x = back.get(4L * rows * columns);
    dequantizer.dequantize("report", codes, scales, rows, columns, x, DType.F32);
    Granularity tile = file.recipe().granularity();
    int scaleColumns = tile.scaleColumns(columns);
    double limit = ErrorStatistics.saturationLimit(file.recipe().element());
    ErrorStatistics[] parts = new ErrorStatistics[Math.ceilDiv(rows, CHUNK)];
    pool.parallelFor(
        parts.length,
        1,
        (begin, end) -> {
          for (int p = begin; p < end; p++) {
            ErrorStatistics part = new ErrorStatistics();
            for (int row = p * CHUNK; row < Math.min(rows, (p + 1) * CHUNK); row++) {
              long scaleRow = (long) tile.scaleRow(row) * scaleColumns;
              for (int column = 0; column < columns; column++) {
                long i = (long) row * columns + column;
                long group = scaleRow + tile.scaleColumn(column);
                float scale = NarrowCodes.scale(scales, file.scales(), group);
                part.add(
                    MatrixReader.value(band, type, i),
                    x.getAtIndex(ValueLayout.JAVA_FLOAT, i),
                    limit * scale);
              }
            }
            parts[p] = part;
          }
        });
    for (ErrorStatistics part : parts) {
      statistics.merge(part);
    }
  }

  @Override
  public void close() {
    back.close();
  }
}
