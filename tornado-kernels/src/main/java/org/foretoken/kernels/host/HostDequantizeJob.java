package org.foretoken.kernels.host;

import org.foretoken.fp8.Granularity;

/** One call of the dequantizer: rows, cut into units that threads take. */
final class HostDequantizeJob implements HostPool.Range {
  /** Elements a unit covers, about. */
  private static final int UNIT = 1 << 18;

  private static final int SMALLEST_UNIT = 1 << 12;
  private static final int PIECE = HostQuantizeScratch.PIECE;

  /** The shift that makes every index of a vector the group 0. */
  private static final int ONE_GROUP = 31;

  private static final ThreadLocal<HostDequantizeJob> JOB =
      ThreadLocal.withInitial(HostDequantizeJob::new);

  HostQuantizeFormat format;
  Granularity tile;
  boolean exponents;
  int rows;
  int columns;
  long codes;
  long scales;
  long x;
  boolean bf16;

  /** Pieces of a row, each at most {@link #PIECE} elements, and pieces of a unit. */
  private int rowPieces;

  private int unitPieces;

  private HostDequantizeJob() {}

  static HostDequantizeJob get() {
    return JOB.get();
  }

  void run(HostPool pool) {
    flatten();
    rowPieces = Math.ceilDiv(columns, PIECE);
    long elements = (long) rows * columns;
    long wanted = Math.clamp(elements / (4L * pool.threads()), SMALLEST_UNIT, UNIT);
    unitPieces = (int) Math.max(1, wanted / Math.min(columns, PIECE));
    long pieces = (long) rows * rowPieces;
    int units = Math.toIntExact(Math.ceilDiv(pieces, unitPieces));
    pool.parallelFor(units, elements <= HostQuantizeJob.ALONE ? units : 1, this);
  }

  /**
   * Rows that end with a group become fewer, longer ones, as their groups follow each other in both
   * codes and scales: a narrow row alone is mostly its overhead.
   */
  private void flatten() {
    if (tile.rows() != 1 || tile.columns() == Granularity.WHOLE || columns % tile.columns() != 0) {
      return;
    }
    int together = PIECE / columns;
    while (together > 1 && rows % together != 0) {
      together--;
    }
    if (together > 1) {
      rows /= together;
      columns *= together;
    }
  }

  @Override
  public void run(int begin, int end) {
    HostQuantizeScratch scratch = HostQuantizeScratch.get();
    long last = Math.min((long) end * unitPieces, (long) rows * rowPieces);
    for (long p = (long) begin * unitPieces; p < last; p++) {
      int column = (int) (p % rowPieces) * PIECE;
      piece(scratch, (int) (p / rowPieces), column, Math.min(PIECE, columns - column));
    }
  }

  /** {@code n} elements of a row. */
  private void piece(HostQuantizeScratch scratch, int row, int column, int n) {
    long element = (long) row * columns + column;
    long from = codes + element * format.bytes;
    boolean plain = HostDequantizeLanes.allFinite(from, n, format);
    long scaleRow = (long) tile.scaleRow(row) * tile.scaleColumns(columns);
    int width = tile.columns() == Granularity.WHOLE ? columns : tile.columns();
    if (plain && format.bytes == 1 && groups(scratch, from, element, scaleRow, column, n, width)) {
      return;
    }
    long to = bf16 ? scratch.piece() : x + 4 * element;
    if (width == 1) {
      long at = columnScales(scratch, scaleRow + column, n);
      if (plain) {
        HostDequantizeLanes.decodeColumns(from, to, n, at, format);
      } else {
        HostDequantizeLanes.decodeScalar(from, to, n, at, 4, format);
      }
    } else {
      int i = 0;
      while (i < n) {
        int group = (column + i) / width;
        int end = (int) Math.min(n, (long) (group + 1) * width - column);
        long at = columnScales(scratch, scaleRow + group, 1);
        if (plain) {
          HostDequantizeLanes.decode(
              from + (long) i * format.bytes, to + 4L * i, end - i, at, format);
        } else {
          HostDequantizeLanes.decodeScalar(
              from + (long) i * format.bytes, to + 4L * i, end - i, at, 0, format);
        }
        i = end;
      }
    }
    if (bf16) {
      HostDequantizeLanes.narrow(to, x + 2 * element, n);
    }
  }

  /**
   * Decodes finite codes of whole groups, or of a part of one, in a single loop.
   *
   * @return whether it could: the piece is whole vectors, its groups fit them, its scales are
   *     finite
   */
  private boolean groups(
      HostQuantizeScratch scratch,
      long from,
      long element,
      long scaleRow,
      int column,
      int n,
      int width) {
    int first = column / width;
    int last = (column + n - 1) / width;
    int shift = first == last ? ONE_GROUP : HostQuantizeGroups.shift(width);
    if (n % HostQuantizeLanes.LANES != 0 || shift < 0 || column % width != 0 && first != last) {
      return false;
    }
    float[] factors = scratch.scales;
    long at = columnScales(scratch, scaleRow + first, last - first + 1);
    boolean finite = true;
    for (int g = 0; g <= last - first; g++) {
      factors[g] = HostQuantizeLanes.getFloat(at + 4L * g);
      finite &= Math.abs(factors[g]) <= Float.MAX_VALUE;
    }
    if (!finite) {
      return false;
    }
    int vectors = n / HostQuantizeLanes.LANES;
    if (bf16) {
      HostDequantizeGroups.decodeBf16(from, x + 2 * element, vectors, shift, factors, format);
    } else {
      HostDequantizeGroups.decode(from, x + 4 * element, vectors, shift, factors, format);
    }
    return true;
  }

  /** Address of {@code n} scales as FP32; E8M0 is decoded into the scratch. */
  private long columnScales(HostQuantizeScratch scratch, long index, int n) {
    if (!exponents) {
      return scales + 4 * index;
    }
    long to = scratch.scales();
    for (int i = 0; i < n; i++) {
      int field = HostQuantizeLanes.getByte(scales + index + i) & 0xff;
      int bits = field == 0xff ? 0x7fc0_0000 : field == 0 ? 0x40_0000 : field << 23;
      HostQuantizeLanes.putInt(to + 4L * i, bits);
    }
    return to;
  }
}
