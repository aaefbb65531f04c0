package org.foretoken.kernels.host;

/** Groups of several rows and several columns: the 128x128 blocks of weights. */
final class HostQuantizeBlocks {
  private static final int PIECE = HostQuantizeScratch.PIECE;

  /** Columns of a unit, about: so many that a row's stretch is worth prefetching. */
  private static final int STRIP = 512;

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
    int[] amax = scratch.amax;
    int[] numbers = scratch.numbers;
    for (int b = 0; b < blocks; b++) {
      amax[b] = 0;
      numbers[b] = 0;
    }
    for (int row = firstRow; row < endRow; row++) {
      for (int b = 0; b < blocks; b++) {
        rowAmax(job, scratch, row, firstBlock + b, b);
      }
    }
    for (int b = 0; b < blocks; b++) {
      float scale = job.scale(numbers[b]);
      scratch.scales[b] = scale;
      job.putScale((long) strip * job.scaleColumns + firstBlock + b, scale);
    }
    for (int row = firstRow; row < endRow; row++) {
      for (int b = 0; b < blocks; b++) {
        rowCodes(job, scratch, row, firstBlock + b, b);
      }
    }
  }

  private static void rowAmax(
      HostQuantizeJob job, HostQuantizeScratch scratch, int row, int block, int b) {
    int first = block * job.groupColumns;
    int end = Math.min(first + job.groupColumns, job.columns);
    for (int c = first; c < end; c += PIECE) {
      int n = Math.min(PIECE, end - c);
      long floats = job.floats(scratch, (long) row * job.columns + c, n);
      int largest = HostQuantizeLanes.amax(floats, n);
      scratch.amax[b] = Math.max(scratch.amax[b], largest);
      if (largest > HostQuantizeLanes.INFINITY) {
        job.noteNan();
        largest = HostQuantizeLanes.amaxOfNumbers(floats, n, 0);
      }
      scratch.numbers[b] = Math.max(scratch.numbers[b], largest);
    }
  }

  private static void rowCodes(
      HostQuantizeJob job, HostQuantizeScratch scratch, int row, int block, int b) {
    int first = block * job.groupColumns;
    int end = Math.min(first + job.groupColumns, job.columns);
    boolean plain = HostQuantizeLanes.isPlain(scratch.amax[b]);
    for (int c = first; c < end; c += PIECE) {
      int n = Math.min(PIECE, end - c);
      long element = (long) row * job.columns + c;
      job.encode(scratch, job.floats(scratch, element, n), element, n, scratch.scales[b], plain);
    }
  }
}
