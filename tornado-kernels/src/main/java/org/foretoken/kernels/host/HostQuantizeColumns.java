package org.foretoken.kernels.host;

/** Groups within a column, 128x1; and 1x128 along with them, from the same read. */
final class HostQuantizeColumns {
  /** Columns of a unit: 128 rows of it stay in the second-level cache between the two passes. */
  private static final int STRIP = 1024;

  private static final int ROW_GROUP = 128;

  private HostQuantizeColumns() {}

  /** Sets the job's unit, in columns; returns how many units there are. */
  static int units(HostQuantizeJob job) {
    job.unit = STRIP;
    long strips = Math.ceilDiv(job.rows, job.groupRows);
    return Math.toIntExact(strips * Math.ceilDiv(job.columns, STRIP));
  }

  static void quantize(HostQuantizeJob job, HostQuantizeScratch scratch, int unit) {
    int tiles = Math.ceilDiv(job.columns, STRIP);
    int strip = unit / tiles;
    int column = unit % tiles * STRIP;
    int n = Math.min(STRIP, job.columns - column);
    int firstRow = strip * job.groupRows;
    int endRow = Math.min(firstRow + job.groupRows, job.rows);
    java.util.Arrays.fill(scratch.amax, 0, n, 0);
    int together = rowsTogether(job, n);
    for (int row = firstRow; row < endRow; row += together) {
      int rows = Math.min(together, endRow - row);
      long element = (long) row * job.columns + column;
      HostQuantizeLanes.amaxColumns(job.floats(scratch, element, rows * n), rows, n, scratch.amax);
    }
    columnCodes(job, scratch, strip, column, n);
  }

  static void quantizeBoth(HostQuantizeJob job, HostQuantizeScratch scratch, int unit) {
    int tiles = Math.ceilDiv(job.columns, STRIP);
    int strip = unit / tiles;
    int column = unit % tiles * STRIP;
    int n = Math.min(STRIP, job.columns - column);
    int firstRow = strip * job.groupRows;
    int endRow = Math.min(firstRow + job.groupRows, job.rows);
    java.util.Arrays.fill(scratch.amax, 0, n, 0);
    int together = n % ROW_GROUP == 0 ? rowsTogether(job, n) : 1;
    for (int row = firstRow; row < endRow; row += together) {
      int rows = Math.min(together, endRow - row);
      long element = (long) row * job.columns + column;
      long floats = job.floats(scratch, element, rows * n);
      HostQuantizeLanes.amaxColumns(floats, rows, n, scratch.amax);
      rowGroups(job, scratch, floats, row, column, rows * n);
    }
    columnCodes(job, scratch, strip, column, n);
  }

  /** Rows whose {@code n} columns one loop runs over: a narrow row alone is mostly its overhead. */
  private static int rowsTogether(HostQuantizeJob job, int n) {
    return n == job.columns ? Math.max(1, HostQuantizeScratch.PIECE / n) : 1;
  }

  /** Groups of {@code n} floats: a part of one row, or rows that follow each other. */
  private static void rowGroups(
      HostQuantizeJob job, HostQuantizeScratch scratch, long floats, int row, int column, int n) {
    int scaleColumns = Math.ceilDiv(job.columns, ROW_GROUP);
    long scale = (long) row * scaleColumns + column / ROW_GROUP;
    long element = (long) row * job.columns + column;
    int shift = HostQuantizeGroups.shift(ROW_GROUP);
    int whole = shift < 0 || !job.isNarrow() ? 0 : n / ROW_GROUP;
    if (whole > 0 && HostQuantizeGroups.amax(floats, whole, shift, scratch.numbers)) {
      float[] minus = scratch.minusScales;
      float[] reverse = scratch.reciprocals;
      HostQuantizeGroups.scales(whole, scratch.numbers, job.rule, job.format, minus, reverse);
      for (int g = 0; g < whole; g++) {
        HostQuantizeLanes.putFloat(job.rowScales + 4 * (scale + g), -minus[g]);
      }
      long to = job.rowCodes + element;
      int vectors = whole << shift;
      HostQuantizeGroups.encode(floats, to, vectors, shift, minus, reverse, job.format);
    } else {
      whole = 0;
    }
    for (int i = whole * ROW_GROUP; i < n; i += ROW_GROUP) {
      int width = Math.min(ROW_GROUP, n - i);
      rowGroup(job, floats + 4L * i, element + i, scale + i / ROW_GROUP, width);
    }
  }

  private static void rowGroup(
      HostQuantizeJob job, long floats, long element, long scaleIndex, int width) {
    int amax = HostQuantizeLanes.amax(floats, width);
    int numbers = amax;
    if (amax > HostQuantizeLanes.INFINITY) {
      job.noteNan();
      numbers = HostQuantizeLanes.amaxOfNumbers(floats, width, 0);
    }
    float scale = job.scale(numbers);
    long to = job.rowCodes + element;
    HostQuantizeLanes.putFloat(job.rowScales + 4 * scaleIndex, scale);
    if (HostQuantizeLanes.isPlain(amax) && !job.saturates()) {
      HostQuantizeLanes.encode(floats, to, width, -scale, 1f / scale, job.format);
    } else {
      HostQuantizeLanes.encodeScalar(floats, to, width, scale, job.format);
    }
  }

  /** Scales of {@code n} columns of a strip from the amax in the scratch, then their codes. */
  private static void columnCodes(
      HostQuantizeJob job, HostQuantizeScratch scratch, int strip, int column, int n) {
    int firstRow = strip * job.groupRows;
    int endRow = Math.min(firstRow + job.groupRows, job.rows);
    boolean plain = true;
    for (int i = 0; i < n; i++) {
      plain &= HostQuantizeLanes.isPlain(scratch.amax[i]);
    }
    columnScales(job, scratch, (long) strip * job.columns + column, n, plain);
    boolean vector = job.isNarrow();
    int together = rowsTogether(job, n);
    for (int row = firstRow; vector && row < endRow; row += together) {
      int rows = Math.min(together, endRow - row);
      long element = (long) row * job.columns + column;
      HostQuantizeLanes.encodeColumns(
          job.floats(scratch, element, rows * n),
          job.codes + element,
          rows,
          n,
          scratch.minusScales,
          scratch.reciprocals,
          job.format);
    }
    for (int i = 0; i < n && !(plain && vector); i++) {
      if (!vector || !HostQuantizeLanes.isPlain(scratch.amax[i])) {
        column(job, scratch, strip, column + i, scratch.amax[i]);
      }
    }
  }

  private static void columnScales(
      HostQuantizeJob job, HostQuantizeScratch scratch, long scaleIndex, int n, boolean plain) {
    float[] minus = scratch.minusScales;
    if (plain && job.isNarrow()) {
      HostQuantizeGroups.scales(n, scratch.amax, job.rule, job.format, minus, scratch.reciprocals);
      for (int i = 0; i < n; i++) {
        job.putScale(scaleIndex + i, -minus[i]);
      }
      return;
    }
    for (int i = 0; i < n; i++) {
      int amax = scratch.amax[i];
      float scale = job.scale(amax > HostQuantizeLanes.INFINITY ? 0 : amax);
      minus[i] = -scale;
      scratch.reciprocals[i] = 1f / scale;
      job.putScale(scaleIndex + i, scale);
    }
  }

  /** One column of a strip, one element after another. */
  private static void column(
      HostQuantizeJob job, HostQuantizeScratch scratch, int strip, int column, int amax) {
    int firstRow = strip * job.groupRows;
    int endRow = Math.min(firstRow + job.groupRows, job.rows);
    int numbers = amax;
    if (amax > HostQuantizeLanes.INFINITY) {
      job.noteNan();
      numbers = 0;
      for (int row = firstRow; row < endRow; row++) {
        long at = job.floats(scratch, (long) row * job.columns + column, 1);
        numbers = HostQuantizeLanes.amaxOfNumbers(at, 1, numbers);
      }
    }
    float scale = job.scale(numbers);
    job.putScale((long) strip * job.columns + column, scale);
    for (int row = firstRow; row < endRow; row++) {
      long element = (long) row * job.columns + column;
      job.encode(scratch, job.floats(scratch, element, 1), element, 1, scale, false);
    }
  }
}
