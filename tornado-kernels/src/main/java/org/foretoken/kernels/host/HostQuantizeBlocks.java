package org.foretoken.kernels.host;

/** Groups of several rows and several columns: the 128x128 blocks of weights. */
final class HostQuantizeBlocks {
  private static final int PIECE = HostQuantizeScratch.PIECE;

  /**
   * Columns of a unit, about: its rows are stretches of a page, and 128 of them fit the L2 cache.
   */
  private static final int STRIP = 1024;

  private HostQuantizeBlocks() {}

  /** Sets the job's unit, in blocks of one strip of rows; returns how many units there are. */
  static int units(HostQuantizeJob job) {
    job.unit = Math.max(1, STRIP / job.groupColumns);
    long strips = Math.ceilDiv(job.rows, job.groupRows);
    return Math.toIntExact(strips * Math.ceilDiv(job.scaleColumns, job.unit));
  }

  static void quantize(HostQuantizeJob job, HostQuantizeScratch scratch, int unit) {
    int tiles = Math.ceilDiv(job.scaleColumns, job.unit);
    int strip = unit / tiles;
    int firstBlock = unit % tiles * job.unit;
    int blocks = Math.min(job.unit, job.scaleColumns - firstBlock);
    int firstRow = strip * job.groupRows;
    int endRow = Math.min(firstRow + job.groupRows, job.rows);
    int column = firstBlock * job.groupColumns;
    int n = Math.min(blocks * job.groupColumns, job.columns - column);
    if (n > PIECE) { // one block, wider than the scratch
      wideBlock(job, scratch, strip, firstBlock, firstRow, endRow);
      return;
    }
    if (!columnsAmax(job, scratch, column, n, firstRow, endRow)) {
      for (int b = 0; b < blocks; b++) {
        wideBlock(job, scratch, strip, firstBlock + b, firstRow, endRow);
      }
      return;
    }
    long firstScale = (long) strip * job.scaleColumns + firstBlock;
    int width = job.groupColumns;
    for (int b = 0; b < blocks; b++) {
      float scale = job.scale(scratch.numbers[b]);
      scratch.scales[b] = scale;
      scratch.minusScales[b] = -scale;
      scratch.reciprocals[b] = 1f / scale;
      job.putScale(firstScale + b, scale);
    }
    int shift = HostQuantizeGroups.shift(width);
    int together = shift >= 0 && job.isNarrow() ? n / width : 0;
    for (int row = firstRow; row < endRow; row++) {
      long element = (long) row * job.columns + column;
      long floats = job.floats(scratch, element, n);
      if (together > 0) {
        HostQuantizeGroups.encode(
            floats,
            job.codes + element,
            together << shift,
            shift,
            scratch.minusScales,
            scratch.reciprocals,
            job.format);
      }
      for (int b = together; b < blocks; b++) {
        int at = b * width;
        job.encode(
            scratch,
            floats + 4L * at,
            element + at,
            Math.min(width, n - at),
            scratch.scales[b],
            true);
      }
    }
  }

  /** Amax of the blocks in {@code n} columns; whether the vector loops are exact for all. */
  private static boolean columnsAmax(
      HostQuantizeJob job,
      HostQuantizeScratch scratch,
      int column,
      int n,
      int firstRow,
      int endRow) {
    int[] amax = scratch.amax;
    java.util.Arrays.fill(amax, 0, n, 0);
    for (int row = firstRow; row < endRow; row++) {
      long element = (long) row * job.columns + column;
      HostQuantizeLanes.amaxColumns(job.floats(scratch, element, n), 1, n, amax);
    }
    int width = job.groupColumns;
    boolean plain = true;
    for (int first = 0; first < n; first += width) {
      int largest = 0;
      for (int i = first; i < Math.min(n, first + width); i++) {
        largest = Math.max(largest, amax[i]);
      }
      scratch.numbers[first / width] = largest;
      plain &= HostQuantizeLanes.isPlain(largest);
    }
    return plain;
  }

  /** One block of any kind, row by row and piece by piece. */
  private static void wideBlock(
      HostQuantizeJob job,
      HostQuantizeScratch scratch,
      int strip,
      int block,
      int firstRow,
      int endRow) {
    int first = block * job.groupColumns;
    int end = Math.min(first + job.groupColumns, job.columns);
    int amax = 0;
    int numbers = 0;
    for (int row = firstRow; row < endRow; row++) {
      for (int c = first; c < end; c += PIECE) {
        int n = Math.min(PIECE, end - c);
        long floats = job.floats(scratch, (long) row * job.columns + c, n);
        int largest = HostQuantizeLanes.amax(floats, n);
        amax = Math.max(amax, largest);
        if (largest > HostQuantizeLanes.INFINITY) {
          job.noteNan();
          largest = HostQuantizeLanes.amaxOfNumbers(floats, n, 0);
        }
        numbers = Math.max(numbers, largest);
      }
    }
    float scale = job.scale(numbers);
    job.putScale((long) strip * job.scaleColumns + block, scale);
    boolean plain = HostQuantizeLanes.isPlain(amax);
    for (int row = firstRow; row < endRow; row++) {
      for (int c = first; c < end; c += PIECE) {
        int n = Math.min(PIECE, end - c);
        long element = (long) row * job.columns + c;
        job.encode(scratch, job.floats(scratch, element, n), element, n, scale, plain);
      }
    }
  }
}
